// Windowing: the browser's copy of imaging/windowing/, checked against it by tests/golden/test_windowing.py.

// Grey level (0 to 255) of a value: black at center - width / 2, white at center + width / 2.
function windowToByte(value, center, width) {
  const unit = (value - (center - width / 2)) / width;
  return Math.round(255 * Math.max(0, Math.min(1, unit)));
}
