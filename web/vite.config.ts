import { defineConfig } from "vite";

export default defineConfig({
  base: "./", // whatever folder of a server the page lies in
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 2000, license: { fileName: "licenses.md" } },
  worker: { format: "es" },
});
