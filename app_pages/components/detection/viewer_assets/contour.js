// Contour: the line where a grid of 0 to 255 crosses its middle (marching squares), as a path that stays sharp.

// Corners: 1 top left, 2 top right, 4 bottom right, 8 bottom left. Sides: 0 top, 1 right, 2 bottom, 3 left.
const CROSSINGS = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 1], [2, 3]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], [],
];

function contourOf(grid, level = 127.5) {
  const { width, height, values } = grid;
  const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : values[y * width + x]);
  const path = new Path2D();
  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      const corners = [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)];
      const which = corners.reduce((sum, value, i) => sum + (value > level ? 1 << i : 0), 0);
      if (which === 0 || which === 15) continue;
      const share = (from, to) => (level - from) / (to - from);
      const points = [
        () => [x + share(corners[0], corners[1]), y],
        () => [x + 1, y + share(corners[1], corners[2])],
        () => [x + share(corners[3], corners[2]), y + 1],
        () => [x, y + share(corners[0], corners[3])],
      ];
      for (const [from, to] of CROSSINGS[which]) {
        const [start, end] = [points[from](), points[to]()];
        // A value stands for the middle of its pixel.
        path.moveTo(start[0] + 0.5, start[1] + 0.5);
        path.lineTo(end[0] + 0.5, end[1] + 0.5);
      }
    }
  }
  return path;
}
