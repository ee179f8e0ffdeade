// Contour of a mask by marching squares, as a vector path that stays sharp at every zoom.

// Edges crossed for each combination of corners above the level.
// Corners: 1 top left, 2 top right, 4 bottom right, 8 bottom left. Edges: 0 top, 1 right, 2 bottom, 3 left.
const CROSSED_EDGES = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 1], [2, 3]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], [],
];

function traceContour(array, level = 127.5) {
  const { width, height, values } = array;
  const valueAt = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : values[y * width + x]);
  const path = new Path2D();
  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      const corners = [valueAt(x, y), valueAt(x + 1, y), valueAt(x + 1, y + 1), valueAt(x, y + 1)];
      const index = corners.reduce((sum, value, i) => sum + (value > level ? 1 << i : 0), 0);
      if (index === 0 || index === 15) continue;
      const fraction = (from, to) => (level - from) / (to - from);
      const pointOnEdge = [
        () => [x + fraction(corners[0], corners[1]), y],
        () => [x + 1, y + fraction(corners[1], corners[2])],
        () => [x + fraction(corners[3], corners[2]), y + 1],
        () => [x, y + fraction(corners[0], corners[3])],
      ];
      for (const [from, to] of CROSSED_EDGES[index]) {
        const [start, end] = [pointOnEdge[from](), pointOnEdge[to]()];
        // Values are at pixel centres.
        path.moveTo(start[0] + 0.5, start[1] + 0.5);
        path.lineTo(end[0] + 0.5, end[1] + 0.5);
      }
    }
  }
  return path;
}
