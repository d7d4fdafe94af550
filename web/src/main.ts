// The page: what is pressed, what is shown, and what goes from whom to whom.

import visionLoader from "@mediapipe/tasks-vision/vision_wasm_module_internal.js?url";
import visionWasm from "@mediapipe/tasks-vision/vision_wasm_module_internal.wasm?url";
import ortWasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { Camera } from "./camera";
import { draw } from "./drawing";
import eyesFile from "./eyes?worker&url";
import type { Question as ForEyes, Seen } from "./eyes";
import type { Comparison, Golden } from "./golden";
import { READ, type Model, type Prototype } from "./model";
import readerFile from "./reader?worker&url";
import type { Question as ForReader } from "./reader";
import { Pace } from "./steps";
import { shown, srt, timeline, type Answer, type Entry, type Timeline } from "./timeline";
import { VideoFile } from "./video_file";
import { absolute, Colleague, startWorker } from "./workers";

const element = <Kind extends HTMLElement>(name: string) => document.getElementById(name) as Kind;
const cameraButton = element<HTMLButtonElement>("camera");
const fileInput = element<HTMLInputElement>("file");
const progress = element<HTMLProgressElement>("progress");
const canvas = element<HTMLCanvasElement>("picture");
const list = element("signs");
const compareButton = element<HTMLButtonElement>("compare");
const withSigns = ["json", "srt", "learn"].map(element<HTMLButtonElement>); // buttons that need a sign

const eyes = new Colleague(startWorker(eyesFile));
const reader = new Colleague(startWorker(readerFile));
const askEyes = <Answered>(question: ForEyes, transfer?: Transferable[]) => eyes.ask<Answered>(question, transfer);
const askReader = <Answered>(question: ForReader) => reader.ask<Answered>(question);

let model: Model;
let session: Session | null = null; // that is shown, or was last
let stop: (() => void) | null = null; // what is going on
let clock = 0; // ms; for MediaPipe, time never goes back

/** Signs of one video, or of one time before the camera. */
class Session {
  private readonly signs = new Map<number, { answer: Answer; line: HTMLLIElement }>(); // by their start
  private steps = 0; // that were read
  private pending: Float32Array[] = [];
  private reading: Promise<void> | null = null;

  constructor(
    readonly name: string,
    private readonly fps: number,
    private readonly isLive: boolean,
  ) {
    list.replaceChildren();
    element("line").textContent = "";
    for (const button of withSigns) button.disabled = true;
  }

  get seconds(): number {
    return this.steps / this.fps;
  }

  async begin(): Promise<void> {
    await askReader({ ask: "begin", fps: this.fps });
  }

  /** Let frames be read, at once or behind those that are being read. */
  read(frames: Float32Array[]): void {
    for (const frame of frames) this.pending.push(frame);
    this.steps += frames.length;
    this.reading ??= this.readPending().then(() => void (this.reading = null));
    this.reading.catch(() => stop?.());
  }

  private async readPending(): Promise<void> {
    while (this.pending.length) {
      const frames = this.pending.splice(0);
      this.show(await askReader<Answer[]>({ ask: "read", frames, hurried: this.isLive }));
    }
  }

  async finish(): Promise<void> {
    await this.reading;
    this.show(await askReader<Answer[]>({ ask: "finish" }));
  }

  timeline(): Timeline {
    return timeline([...this.signs.values()].map(({ answer }) => answer), Object.keys(model.labels), this.name, this.seconds);
  }

  private show(answers: Answer[]): void {
    for (const answer of answers) {
      const entry = answer[READ];
      const line = this.signs.get(entry.start)?.line ?? document.createElement("li");
      this.signs.set(entry.start, { answer, line });
      describe(line, entry);
      if (!line.isConnected) list.append(line);
      list.scrollTop = list.scrollHeight;
    }
    if (answers.length) {
      element("line").textContent = [...this.signs.values()].map(({ answer }) => shown(answer[READ])).join(" ");
      for (const button of withSigns) button.disabled = false;
    }
  }
}

/** A sign, how sure it is, and when it was signed. */
function describe(line: HTMLLIElement, entry: Entry): void {
  const { label, probability } = entry.labels[0];
  const isKnown = entry.state !== "unknown";
  const gloss = Object.assign(document.createElement("strong"), { textContent: isKnown ? label : "A sign that it does not know" });
  const doubt = Object.assign(document.createElement("span"), { textContent: entry.state === "not sure" ? " not sure" : "" });
  doubt.className = "doubt";
  const sure = isKnown ? `${Math.round(100 * probability)} %, ` : "";
  const times = `${entry.start.toFixed(1)} to ${entry.end.toFixed(1)} s`;
  line.replaceChildren(gloss, doubt, Object.assign(document.createElement("small"), { textContent: ` ${sure}${times}` }));
}

function say(sentence: string, isWrong = false): void {
  element("status").textContent = sentence;
  element("status").classList.toggle("wrong", isWrong);
}

/** Look at a picture, and show it with what was found. */
async function look(picture: ImageBitmap, time: number): Promise<Float32Array> {
  clock = Math.max(clock + 1, time);
  const seen = await askEyes<Seen>({ ask: "look", picture, time: clock }, [picture]);
  draw(canvas, seen.picture, seen.keypoints, model.skeleton);
  seen.picture.close();
  return seen.keypoints;
}

async function fromFile(file: File): Promise<void> {
  const video = await VideoFile.open(file, model.fast);
  session = new Session(file.name, video.fps, false);
  await session.begin();
  await askEyes({ ask: "forget" });
  say(`Reading ${file.name}: every picture, however long it takes.`);
  progress.hidden = false;
  const zero = clock + 1000;
  let isStopped = false;
  stop = () => (isStopped = true);
  const begin = performance.now();
  let looked = 0;
  for await (const { picture, time, uses, share } of video.pictures()) {
    const frame = await look(picture, zero + 1000 * time);
    session.read(Array<Float32Array>(uses).fill(frame));
    looked++;
    progress.value = share;
    showPace(looked / ((performance.now() - begin) / 1000));
    if (isStopped) break;
  }
  await session.finish();
  say(isStopped ? `Stopped after ${session.seconds.toFixed(1)} s of ${file.name}.` : `Read ${file.name} to its end.`);
}

async function fromCamera(): Promise<void> {
  const camera = await Camera.open();
  stop = () => camera.close();
  try {
    session = new Session("camera", model.reading.rate, true);
    await session.begin();
    await askEyes({ ask: "forget" });
    say("Looking at the camera. Signs appear as they end.");
    const pace = new Pace(model.reading.rate, model.pace);
    const zero = clock + 1000;
    let [first, looked, before] = [-1, 0, 0];
    for (let next = await camera.picture(); next; next = await camera.picture()) {
      const { picture, time } = next;
      if (first < 0) [first, before] = [time, camera.shown - 1];
      const frame = await look(picture, zero + 1000 * (time - first));
      session.read(pace.add(time - first, frame));
      looked++;
      if (time > first) showPace((looked - 1) / (time - first), camera.shown - before - looked);
    }
    await session.finish();
    say(`Stopped after ${session.seconds.toFixed(1)} s.`);
  } finally {
    camera.close();
  }
}

function showPace(fps: number, passedOver?: number): void {
  const rest = passedOver === undefined ? "" : `, ${passedOver} passed over`;
  element("pace").textContent = `${fps.toFixed(1)} pictures a second looked at${rest}`;
}

/** One thing at a time, and what goes wrong in a sentence. */
async function during(source: "camera" | "file", what: () => Promise<void>): Promise<void> {
  canvas.classList.toggle("mirrored", source === "camera");
  allow(false);
  cameraButton.disabled = false;
  cameraButton.textContent = "Stop";
  try {
    await what();
  } catch (error) {
    say(inSentence(error), true);
  } finally {
    stop = null;
    progress.hidden = true;
    cameraButton.textContent = "Use the camera";
    allow(true);
  }
}

function allow(isAllowed: boolean): void {
  cameraButton.disabled = fileInput.disabled = compareButton.disabled = !isAllowed;
}

function inSentence(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "NotAllowedError") return "The camera may not be used: allow it in the browser, and try again.";
  if (name === "NotFoundError") return "There is no camera: connect one, or open a video.";
  if (name === "NotReadableError") return "The camera does not answer: close what else uses it, and try again.";
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

function download(suffix: string, type: string, text: (of: Timeline) => string): void {
  const url = URL.createObjectURL(new Blob([text(session!.timeline())], { type }));
  const name = session!.name.replace(/\.[^.]*$/, "");
  Object.assign(document.createElement("a"), { href: url, download: `${name}${suffix}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function fetched<Content>(file: string): Promise<Content> {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file} is missing beside this page: make it again with slr export-web.`);
  return response.json();
}

/** Let the model know the sign that was answered last. */
async function teach(): Promise<void> {
  const name = element<HTMLInputElement>("name");
  const gloss = name.value.normalize("NFC").trim();
  if (!gloss) return;
  if (model.labels[READ].includes(gloss)) {
    element("taught-so-far").textContent = `The model was trained on ${gloss}: give the sign another name.`;
    return;
  }
  showTaught(await askReader<Prototype[]>({ ask: "enrol", gloss }));
  element("taught-so-far").textContent = `From now on it knows ${gloss}, in this browser alone; each time it is taught, it knows it better.`;
  name.value = "";
}

/** The signs that it was taught in this page, which this browser keeps. */
function showTaught(taught: Prototype[]): void {
  const lines = taught.map(({ gloss, clips }) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: `Forget ${gloss}` });
    button.onclick = async () => {
      showTaught(await askReader<Prototype[]>({ ask: "forget", gloss }));
      element("name").focus();
    };
    const line = document.createElement("li");
    line.append(`${gloss}, shown ${clips === 1 ? "once" : `${clips} times`} `, button);
    return line;
  });
  element("taught").replaceChildren(...lines);
  localStorage.setItem(`taught ${model.id}`, JSON.stringify(taught));
}

async function comparePython(): Promise<void> {
  element("comparison").textContent = "Comparing …";
  allow(false);
  try {
    const golden = await fetched<Golden>("golden.json");
    const { difference, signs, same } = await askReader<Comparison>({ ask: "compare", golden });
    element("comparison").textContent =
      `The greatest difference of a probability is ${difference.toExponential(1)}; ` +
      `of ${signs} signs in a row, ${same ? "all are the same" : "some differ"}.`;
  } catch (error) {
    element("comparison").textContent = inSentence(error);
  }
  allow(true);
}

async function open(): Promise<void> {
  model = await fetched<Model>("model.json");
  const glosses = [...new Set([...model.labels[READ], ...model.prototypes.map(({ gloss }) => gloss)])];
  element("about").textContent = `The model knows ${glosses.length} signs. It was exported by slr ${model.version}.`;
  element("glosses").textContent = glosses.join(", ");
  const taught: Prototype[] = JSON.parse(localStorage.getItem(`taught ${model.id}`) ?? "[]");
  element("teaching").hidden = !model.centre.length;
  showTaught(taught);
  say("Loading the networks, about 45 MB, which the browser keeps …");
  const vision = { loader: absolute(visionLoader), wasm: absolute(visionWasm), task: absolute("holistic.task") };
  await Promise.all([
    askEyes({ ask: "open", ...vision, skeleton: model.skeleton }),
    askReader({ ask: "open", file: absolute("model.onnx"), wasm: absolute(ortWasm), model, shown: taught }),
  ]);
  say("Ready. Sign to the camera, or open a video.");
  allow(true);
}

cameraButton.onclick = () => (stop ? stop() : during("camera", fromCamera));
fileInput.onchange = () => {
  const [file] = fileInput.files ?? [];
  fileInput.value = "";
  if (file) during("file", () => fromFile(file));
};
element("json").onclick = () => download(".json", "application/json", (of) => `${JSON.stringify(of, null, 1)}\n`);
element("srt").onclick = () => download(".srt", "application/x-subrip", srt);
compareButton.onclick = comparePython;
element("teaching").onsubmit = (event) => {
  event.preventDefault();
  teach();
};
open().catch((error) => say(inSentence(error), true));
