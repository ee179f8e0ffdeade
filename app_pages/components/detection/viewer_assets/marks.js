// Marks on the picture: the patient's directions at its edges, and a scale bar.

const DIRECTIONS = { A: "anterior", P: "posterior", L: "left", R: "right", S: "superior", I: "inferior" };
const EDGES = ["top", "right", "bottom", "left"];
const NO_ORIENTATION = "The file does not state the patient's orientation, so the sides are not marked.";
const NO_SPACING = "The file does not state the size of a pixel, so lengths are in pixels.";
const BAR_LENGTHS = [100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1]; // mm

// Letters at the top, right, bottom and left edge; `AL` is anterior and a little to the left.
function createEdgeLetters(letters) {
  return (letters || []).map((letter, i) => {
    const mark = document.createElement("span");
    mark.className = `edge ${EDGES[i]}`;
    mark.textContent = letter;
    mark.setAttribute("aria-hidden", "true"); // the text alternative of the picture names them
    return mark;
  });
}

function describeEdges(letters) {
  if (!letters) return "";
  const names = letters.map((letter, i) => `${EDGES[i]} ${[...letter].map((each) => DIRECTIONS[each]).join(" and ")}`);
  return ` Patient's directions at the edges: ${names.join(", ")}.`;
}

// Length in mm of the longest scale bar that takes at most a third of a canvas.
function scaleBarLength(millimetersPerPixel, canvasWidth) {
  return BAR_LENGTHS.find((length) => length / millimetersPerPixel <= canvasWidth / 3);
}

// White lines and text with a dark edge are visible on any picture.
function strokeTwice(context, path) {
  for (const [lineWidth, color] of [[5, "rgba(0, 0, 0, 0.7)"], [2, "#fff"]]) {
    Object.assign(context, { lineWidth, strokeStyle: color, lineCap: "butt" });
    context.stroke(path);
  }
}

function drawLabel(context, text, x, y, textAlign) {
  Object.assign(context, { font: "600 13px sans-serif", textAlign, textBaseline: "bottom", lineJoin: "round" });
  Object.assign(context, { lineWidth: 4, strokeStyle: "rgba(0, 0, 0, 0.8)", fillStyle: "#fff" });
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

// In the lower right corner of the canvas; nothing if the size of a pixel is not known.
function drawScaleBar(context, canvas, size, shownWidth) {
  if (size?.unit !== "mm") return;
  const millimetersPerPixel = size.width / shownWidth;
  const length = scaleBarLength(millimetersPerPixel, canvas.clientWidth);
  if (!length) return;
  const [right, bottom] = [canvas.clientWidth - 12, canvas.clientHeight - 12];
  const left = right - length / millimetersPerPixel;
  const path = new Path2D(`M${left} ${bottom - 8}V${bottom}H${right}V${bottom - 8}`);
  strokeTwice(context, path);
  drawLabel(context, `${length} mm`, right, bottom - 10, "right");
}
