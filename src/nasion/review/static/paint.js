/** Canvases, colours and the hatching of what was not judged. */

import { brush } from "/static/dom.js";

/** @type {Colour | null} */
let colours = null;

/** Colours of the theme, from the style sheet. */
export function theme() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    const names = ["paper", "panel", "ink", "quiet", "line", "trace", "ekg", "absent", "second", "fifth", "hatch",
      "cursor", "caliper", "span", "accent", "alarm", "edge"];
    colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }
  return colours;
}

/** The theme was changed. */
export const forgetTheme = () => void (colours = null);

/**
 * A canvas as large as its place, in device pixels; drawn in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @returns {Fitted}
 */
export function fitted(canvas, { opaque = false } = {}) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = /** @type {HTMLElement} */ (canvas.parentElement);
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = brush(canvas, { alpha: !opaque });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height, ratio };
}

export const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif';
export const BOLD = `600 ${FONT}`;

/**
 * #rrggbb as [r, g, b].
 * @param {string} hex
 */
export const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/**
 * #rrggbb with an opacity.
 * @param {string} hex
 * @param {number} opacity
 */
export const faint = (hex, opacity) => `rgb(${channels(hex).join(" ")} / ${opacity})`;

/**
 * Little-endian RGBA of a pixel.
 * @param {number[]} rgb
 */
export const pixel = ([r, g, b], a = 255) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

/**
 * Diagonal lines, to be used as a fill.
 * @param {Context} context
 * @param {string} colour
 */
export function hatching(context, colour) {
  const tile = new OffscreenCanvas(6, 6);
  const draw = brush(tile);
  draw.strokeStyle = colour;
  draw.lineWidth = 1.2;
  draw.beginPath();
  for (const shift of [-6, 0, 6]) {
    draw.moveTo(shift - 1, 7);
    draw.lineTo(shift + 7, -1);
  }
  draw.stroke();
  return context.createPattern(tile, "repeat") ?? colour;
}

/**
 * sRGB of OKLCH (Ottosson 2020), each channel 0..255.
 * @param {number} lightness
 * @param {number} chroma
 * @param {number} hue
 */
function fromOklch(lightness, chroma, hue) {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((linear) => {
    const part = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055));
  });
}

// Lightness rises evenly from dark violet over blue and green to yellow, so that order is seen in grey
// and with every colour vision.
const SCALE = Array.from({ length: 256 }, (_, i) => {
  const x = i / 255;
  return fromOklch(0.2 + 0.72 * x, 0.07 + 0.11 * Math.sin(Math.PI * Math.min(1, 0.15 + 0.75 * x)), ((300 - 190 * x) * Math.PI) / 180);
});

/**
 * Colour of a share 0..1 of the scale, as [r, g, b].
 * @param {number} share
 */
export const onScale = (share) => SCALE[Math.round(255 * Math.min(1, Math.max(0, share)))];
