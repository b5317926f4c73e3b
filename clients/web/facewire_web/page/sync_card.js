/** Draws how far face and sound are apart, and writes it in words. */

const WINDOW_MS = 5000;
const RANGE_MS = 40;

const byId = (id) => document.getElementById(id);
const whole = (ms) => (ms === null || ms === undefined ? "–" : Math.round(ms).toString());

export class SyncCard {
  constructor() {
    this._canvas = byId("sync-strip");
    this._context = this._canvas.getContext("2d");
  }

  /** Show the card in the place of the latency of live speech, or the other way round. */
  toggle(shown) {
    byId("sync-card").classList.toggle("behind", !shown);
    byId("latency-card").classList.toggle("behind", shown);
  }

  /** Write a summary of a SyncMeter. */
  write(summary) {
    const median = summary?.median ?? null;
    const ms = median === null ? 0 : Math.round(median);
    byId("sync-ms").textContent = median === null ? "–" : Math.abs(ms).toString();
    byId("sync-side").textContent = median === null ? "" : ms > 0 ? "face leads sound" : ms < 0 ? "face lags sound" : "face and sound together";
    byId("sync-p99").textContent = summary ? `${summary.p99.toFixed(1)} ms` : "–";
  }

  /** Write what the server said of a turn's faces: how long before their sound they left. */
  turnEnded({ face_lead_ms: lead }) {
    byId("sync-lead-first").textContent = lead ? `${whole(lead.first)} ms` : "–";
    byId("sync-lead").textContent = lead ? `${whole(lead.least)} ms, ${whole(lead.median)} ms` : "–";
  }

  /** Draw the last seconds: a mark for each face, a band for one frame either way. */
  draw(rows, nowMs, frameMs) {
    const { clientWidth: width, clientHeight: height } = this._canvas;
    const ratio = window.devicePixelRatio || 1;
    if (this._canvas.width !== Math.round(width * ratio) || this._canvas.height !== Math.round(height * ratio)) {
      this._canvas.width = Math.round(width * ratio);
      this._canvas.height = Math.round(height * ratio);
    }
    const context = this._context;
    const style = getComputedStyle(this._canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const y = (ms) => height / 2 - (Math.max(-RANGE_MS, Math.min(RANGE_MS, ms)) / RANGE_MS) * (height / 2 - 2);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.fillStyle = colour("--accent");
    context.globalAlpha = 0.13;
    context.fillRect(0, y(frameMs), width, y(-frameMs) - y(frameMs));
    context.globalAlpha = 1;
    context.fillStyle = colour("--line");
    context.fillRect(0, height / 2 - 0.5, width, 1);
    const [within, beyond] = [colour("--accent"), colour("--warn")];
    for (const { at, leadMs } of rows) {
      context.fillStyle = Math.abs(leadMs) > frameMs ? beyond : within;
      context.fillRect(width - ((nowMs - at) / WINDOW_MS) * width - 1, y(leadMs) - 1, 2, 2);
    }
  }
}
