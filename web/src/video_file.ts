// A video file -> its pictures, every one, upright and with square pixels.

import { ALL_FORMATS, BlobSource, CanvasSink, EncodedPacketSink, Input } from "mediabunny";
import { pace, uses } from "./steps";

const FAST_FPS = 15; // about how many frames a second a model looks at that learnt from so many
const SAME_S = 5e-4; // times that differ by less are of the same picture

export interface Picture {
  picture: ImageBitmap;
  time: number; // in seconds
  uses: number; // for how many steps of an even pace it stands
  share: number; // how much of the video that is, from 0 to 1
}

export class VideoFile {
  private constructor(
    private readonly sink: CanvasSink,
    private readonly times: number[], // of the pictures that are looked at, in seconds
    readonly fps: number, // of the steps
  ) {}

  static async open(file: File, isFast: boolean): Promise<VideoFile> {
    const input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
    const track = await input.getPrimaryVideoTrack().catch(() => null);
    if (!track) throw new Error(`${file.name} is not a video that this browser can read; convert it to MP4.`);
    if (!(await track.canDecode())) {
      throw new Error(`This browser cannot decode the video in ${file.name} (${track.codec}); convert it to MP4 with H.264.`);
    }
    let times: number[] = [];
    for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true })) {
      times.push(packet.timestamp);
    }
    times.sort((one, other) => one - other);
    if (isFast) times = fewer(times);
    if (times.length < 2) throw new Error(`${file.name} has no two pictures; choose another video.`);
    return new VideoFile(new CanvasSink(track, { poolSize: 2 }), times, pace(times));
  }

  /** Those that are looked at; of one that is damaged, the next takes the place. */
  async *pictures(): AsyncGenerator<Picture> {
    const counts = uses(this.times, this.fps);
    let [next, due] = [0, 0];
    for await (const { canvas, timestamp: time } of this.sink.canvases()) {
      const isLookedAt = this.times[next] < time + SAME_S;
      while (this.times[next] < time + SAME_S) due += counts[next++];
      if (isLookedAt) {
        const share = next / this.times.length;
        yield { picture: await createImageBitmap(canvas), time, uses: due, share };
        due = 0;
      }
    }
  }
}

/** About `FAST_FPS` of the frames a second: each second one of 25 or 30. */
function fewer(times: number[]): number[] {
  const fps = (times.length - 1) / (times.at(-1)! - times[0]);
  const step = Math.max(1, Math.round(fps / FAST_FPS));
  const stepOf = (time: number) => Math.floor(Math.round((time - times[0]) * fps) / step);
  return times.filter((time, number) => step === 1 || !number || stepOf(time) !== stepOf(times[number - 1]));
}
