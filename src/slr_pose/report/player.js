"use strict";
// Plays the clips of the page: their skeletons, over the video where it is found, and on plain ground elsewhere.
(() => {
  const { bones, colors, clips } = JSON.parse(document.getElementById("reel").textContent);
  const UNSEEN = 65535, STEPS = 60000;
  const speed = document.getElementById("speed");
  const skeleton = document.getElementById("skeleton");
  const all = document.getElementById("all");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Uint16Array(bytes.buffer);
  }

  class Player {
    constructor(figure) {
      this.clip = clips[figure.dataset.clip];
      this.stage = figure.querySelector(".stage");
      this.canvas = figure.querySelector("canvas");
      this.button = figure.querySelector("button");
      this.joints = unpack(this.clip.joints);
      this.seconds = this.clip.frames / this.clip.fps;
      this.time = 0;
      this.isVisible = false;
      this.play(!still);
      this.button.addEventListener("click", () => this.play(!this.plays));
      this.draw();
    }

    play(plays) {
      this.plays = plays;
      this.button.textContent = plays ? "❚❚" : "▶";
      this.button.setAttribute("aria-label", (plays ? "Pause " : "Play ") + this.button.dataset.name);
    }

    // The video is opened when the clip first comes into view; one that cannot be played leaves the skeleton.
    see(isVisible) {
      this.isVisible = isVisible;
      if (isVisible && this.clip.video && this.video === undefined) {
        this.video = null;
        const video = document.createElement("video");
        video.muted = video.playsInline = true;
        video.preload = "auto";
        video.tabIndex = -1;
        video.addEventListener("loadeddata", () => {
          this.video = video;
          this.stage.style.aspectRatio = video.videoWidth / video.videoHeight;
          this.tellsFrames = "requestVideoFrameCallback" in video;
          if (this.tellsFrames) this.keepPace(video);
          this.draw();
        });
        video.addEventListener("seeked", () => this.draw());
        video.addEventListener("error", () => { this.video = null; video.remove(); });
        this.stage.prepend(video);
        video.src = this.clip.video;
      }
      this.draw();
    }

    // The skeleton of the very picture that is shown, where the browser tells which that is.
    keepPace(video) {
      video.requestVideoFrameCallback((now, frame) => {
        this.time = Math.min(this.seconds, Math.max(0, frame.mediaTime - this.clip.start));
        this.draw();
        this.keepPace(video);
      });
    }

    advance(seconds) {
      if (this.video) this.follow();
      else if (this.plays && this.isVisible) this.time = (this.time + seconds * speed.value) % this.seconds;
      if (this.plays && this.isVisible && !this.tellsFrames) this.draw();
    }

    // The video keeps the time while it plays, since it cannot be moved by a frame as fast as it shows them.
    follow() {
      const plays = this.plays && this.isVisible;
      this.video.playbackRate = speed.value;
      if (plays && this.video.paused) this.video.play().catch(() => {});
      if (!plays && !this.video.paused) this.video.pause();
      const shown = this.video.currentTime - this.clip.start;
      if (shown < -0.05 || shown >= this.seconds || this.video.ended) {
        this.video.currentTime = this.clip.start + 0.001;
      } else if (plays && !this.tellsFrames) {
        this.time = Math.max(0, shown);
      }
    }

    draw() {
      const ratio = window.devicePixelRatio || 1, canvas = this.canvas;
      const width = canvas.clientWidth * ratio, height = canvas.clientHeight * ratio;
      if (canvas.width !== Math.round(width)) canvas.width = width;
      if (canvas.height !== Math.round(height)) canvas.height = height;
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, width, height);
      if (this.video && !skeleton.checked) return;
      const [left, top, wide, high] = this.clip.box;
      const scale = this.video ? width / this.video.videoWidth : Math.min(width / wide, height / high);
      const shift = this.video ? [0, 0] : [(width - wide * scale) / 2 - left * scale, (height - high * scale) / 2 - top * scale];
      const count = this.joints.length / 2 / this.clip.frames;
      const first = Math.min(this.clip.frames - 1, Math.floor(this.time * this.clip.fps)) * count * 2;
      const place = (joint) => {
        const x = this.joints[first + 2 * joint], y = this.joints[first + 2 * joint + 1];
        if (x === UNSEEN) return null;
        return [(left + (2 * x / STEPS - 0.5) * wide) * scale + shift[0], (top + (2 * y / STEPS - 0.5) * high) * scale + shift[1]];
      };
      pen.lineCap = "round";
      for (const edge of [2 * ratio, 0]) {
        for (const [start, end, color] of bones) {
          const from = place(start), to = place(end);
          if (!from || !to) continue;
          pen.beginPath();
          pen.moveTo(...from);
          pen.lineTo(...to);
          pen.lineWidth = (color ? 1.6 : 2.4) * ratio + edge;
          pen.strokeStyle = edge ? "#fff" : `rgb(${colors[color]})`;
          pen.stroke();
        }
      }
    }
  }

  const players = new Map();
  for (const figure of document.querySelectorAll("figure.clip")) players.set(figure, new Player(figure));
  const eyes = new IntersectionObserver((entries) => {
    for (const entry of entries) players.get(entry.target).see(entry.isIntersecting);
  });
  for (const figure of players.keys()) eyes.observe(figure);

  let playsAll = !still;
  const name = () => { all.textContent = playsAll ? "Pause all" : "Play all"; };
  all.addEventListener("click", () => {
    playsAll = !playsAll;
    for (const player of players.values()) player.play(playsAll);
    name();
  });
  skeleton.addEventListener("change", () => { for (const player of players.values()) player.draw(); });
  name();

  let before = performance.now();
  const step = (now) => {
    for (const player of players.values()) player.advance((now - before) / 1000);
    before = now;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})();
