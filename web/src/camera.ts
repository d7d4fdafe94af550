// A camera -> its newest picture, whenever there is time for one.

export class Camera {
  shown = 0; // pictures so far
  private waiting: ((time: number | null) => void) | null = null;

  private constructor(
    private readonly stream: MediaStream,
    private readonly video: HTMLVideoElement,
  ) {}

  static async open(): Promise<Camera> {
    if (!navigator.mediaDevices) throw new Error("A camera can be used where the page comes by https or from localhost only.");
    const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 25 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, playsInline: true });
    const camera = new Camera(stream, video);
    for (const track of stream.getTracks()) track.onended = () => camera.close();
    const onFrame = (now: number) => {
      camera.shown++;
      camera.waiting?.(now / 1000);
      camera.waiting = null;
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
    await video.play();
    return camera;
  }

  /** The next picture, and when it was shown, in seconds; null once the camera is closed. */
  async picture(): Promise<{ picture: ImageBitmap; time: number } | null> {
    if (!this.stream.active) return null;
    const time = await new Promise<number | null>((resolve) => (this.waiting = resolve));
    return time === null ? null : { picture: await createImageBitmap(this.video), time };
  }

  close(): void {
    this.waiting?.(null);
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }
}
