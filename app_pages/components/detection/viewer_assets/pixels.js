// Pixels: grids of numbers as the server sends them, and pictures painted from them.

async function openedGrid(sent) {
  if (!sent) return null;
  const packed = Uint8Array.from(atob(sent.data), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const values = sent.bits === 8 ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return { width: sent.width, height: sent.height, slope: sent.slope, intercept: sent.intercept, values };
}

function blankCanvas(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function painted(grid, colour) {
  const canvas = blankCanvas(grid.width, grid.height);
  const image = new ImageData(grid.width, grid.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colour[grid.values[i]];
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// Grey between the ends of a window, as DICOM means centre and width.
function paintedGrey(grid, centre, width) {
  const colour = new Uint32Array(grid.values.BYTES_PER_ELEMENT === 1 ? 256 : 65536);
  const low = centre - width / 2;
  for (let stored = 0; stored < colour.length; stored++) {
    const share = (stored * grid.slope + grid.intercept - low) / width;
    const grey = Math.max(0, Math.min(255, Math.round(255 * share)));
    colour[stored] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  return painted(grid, colour);
}

// Where there is no evidence the scan shows unchanged: opacity grows with it.
function paintedHeat(grid, scale) {
  const colour = new Uint32Array(256);
  for (let step = 0; step < 256; step++) {
    const [red, green, blue] = scale[Math.round((step / 255) * (scale.length - 1))];
    colour[step] = ((step << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return painted(grid, colour);
}
