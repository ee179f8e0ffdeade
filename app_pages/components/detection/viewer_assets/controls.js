// Keyboard shortcuts and pointer gestures.

// Elements that use the keys themselves.
const KEY_CONSUMERS = "input:not([type=checkbox]), textarea, select, [contenteditable=true], [role=combobox], [role=slider], [role=dialog] *";

function hasModifier(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

// Returns a function that removes the shortcuts.
function addKeyboardShortcuts(viewer) {
  const actions = {
    j: () => viewer.worklist.step(1), n: () => viewer.worklist.step(1),
    k: () => viewer.worklist.step(-1), p: () => viewer.worklist.step(-1),
    o: () => viewer.toggleOverlays(), s: () => viewer.toggle("side"), m: () => viewer.toggle("outline"),
    "+": () => viewer.viewport.zoomAt(1.25), "=": () => viewer.viewport.zoomAt(1.25), "-": () => viewer.viewport.zoomAt(0.8),
    0: () => viewer.resetView(), "]": () => viewer.slices.step(1), "[": () => viewer.slices.step(-1),
  };
  const onKeyDown = (event) => {
    const target = event.composedPath()[0]; // the innermost element, through shadow roots
    if (hasModifier(event) || event.defaultPrevented || !viewer.shortcutsEnabled()) return;
    if (target instanceof Element && target.closest(KEY_CONSUMERS)) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}

function addViewportControls(element, viewer) {
  element.addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction || hasModifier(event)) return;
    if (viewer.viewport.zoom > 1) {
      viewer.viewport.pan(-40 * direction[0], -40 * direction[1]);
    } else if (!viewer.slices.step(direction[0] + direction[1])) {
      return;
    }
    event.preventDefault();
  });
  element.addEventListener("dblclick", () => viewer.resetView());
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  element.addEventListener("wheel", (event) => onWheel(event, viewer), { passive: false });
  addPointerGestures(element, viewer);
}

// The wheel scrolls through a series; with Ctrl, or on a single scan, it zooms.
function onWheel(event, viewer) {
  const isDown = event.deltaY > 0;
  if (viewer.slices.series && !event.ctrlKey) {
    event.preventDefault();
    viewer.slices.step(isDown ? 1 : -1);
    return;
  }
  // At the lowest zoom the page scrolls on.
  if (isDown && viewer.viewport.zoom <= 1) return;
  event.preventDefault();
  const box = event.target.getBoundingClientRect();
  const fromCenter = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  viewer.viewport.zoomAt(isDown ? 0.85 : 1 / 0.85, ...fromCenter);
}

// One finger or the left button pans, the right button sets the window, two fingers zoom.
function addPointerGestures(element, viewer) {
  const pointers = new Map();
  element.addEventListener("pointerdown", (event) => {
    if (event.target.closest("canvas") === null) return;
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (event.pointerType === "mouse" || viewer.viewport.zoom > 1) element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const previous = pointers.get(event.pointerId);
    if (!previous) return;
    const current = [event.clientX, event.clientY];
    const [dx, dy] = [current[0] - previous[0], current[1] - previous[1]];
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const distance = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      if (distance(previous) > 0) viewer.viewport.zoomAt(distance(current) / distance(previous));
    } else if (event.buttons & 2) {
      viewer.shiftWindow(dx, dy);
    } else {
      viewer.viewport.pan(dx, dy);
    }
    pointers.set(event.pointerId, current);
  });
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
    element.addEventListener(type, (event) => pointers.delete(event.pointerId));
  }
}
