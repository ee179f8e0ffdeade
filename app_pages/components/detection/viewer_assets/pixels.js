// Decoding of the arrays sent by the server, and rendering of them to canvases.

async function decodeArray(layer) {
  if (!layer) return null;
  const compressed = Uint8Array.from(atob(layer.data), (character) => character.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const values = layer.bits === 8 ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return { width: layer.width, height: layer.height, slope: layer.slope, intercept: layer.intercept, values };
}

// Draws each stored value in the colour (ABGR, as in memory) that the table has for it.
function renderWithTable(array, table) {
  const canvas = document.createElement("canvas");
  canvas.width = array.width;
  canvas.height = array.height;
  const image = new ImageData(array.width, array.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[array.values[i]];
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function renderGray(array, center, width) {
  const table = new Uint32Array(array.values.BYTES_PER_ELEMENT === 1 ? 256 : 65536);
  for (let stored = 0; stored < table.length; stored++) {
    const gray = windowToByte(stored * array.slope + array.intercept, center, width);
    table[stored] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
  }
  return renderWithTable(array, table);
}

// Opacity is proportional to the evidence: without evidence the scan is unchanged.
function renderHeatMap(array, colors) {
  const table = new Uint32Array(256);
  for (let level = 0; level < 256; level++) {
    const [red, green, blue] = colors[Math.round((level / 255) * (colors.length - 1))];
    table[level] = ((level << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return renderWithTable(array, table);
}
