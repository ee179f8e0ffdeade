// Keys and pointers: what a reader's hands do on the stage, and single keys that work wherever nothing is typed.

const TYPED = "input:not([type=checkbox]), textarea, select, [contenteditable=true], [role=combobox], [role=slider], [role=dialog] *";

// The innermost element an event came from, through shadow roots.
function origin(event) {
  return event.composedPath()[0];
}

function listenForKeys(room) {
  const actions = {
    j: () => room.list.step(1), n: () => room.list.step(1), k: () => room.list.step(-1), p: () => room.list.step(-1),
    o: () => room.toggleOverlays(), s: () => room.toggle("side"), m: () => room.toggle("outline"),
    "+": () => room.view.zoomAt(1.25), "=": () => room.view.zoomAt(1.25), "-": () => room.view.zoomAt(0.8),
    0: () => room.resetView(), "]": () => room.slices.step(1), "[": () => room.slices.step(-1),
  };
  const heard = (event) => {
    const from = origin(event);
    const busy = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented;
    if (busy || !room.singleKeys() || (from instanceof Element && from.closest(TYPED))) return;
    const act = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", heard);
  return () => document.removeEventListener("keydown", heard);
}

function handleStage(stage, room) {
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const moved = room.view.zoom > 1
      ? (room.view.pan(-40 * step[0], -40 * step[1]), true)
      : room.slices.step(step[0] + step[1]);
    if (moved !== false) event.preventDefault();
  });
  stage.addEventListener("dblclick", () => room.resetView());
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("wheel", (event) => wheeled(event, stage, room), { passive: false });
  followPointers(stage, room);
}

// Over a series the wheel leafs, as on a workstation; with Ctrl, or over a single scan, it zooms.
function wheeled(event, stage, room) {
  const down = event.deltaY > 0;
  if (room.slices.series && !event.ctrlKey) {
    event.preventDefault();
    return room.slices.step(down ? 1 : -1);
  }
  // Zoomed out as far as it goes, the page scrolls on.
  if (down && room.view.zoom <= 1) return undefined;
  event.preventDefault();
  const box = event.target.getBoundingClientRect();
  const centre = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  return room.view.zoomAt(down ? 0.85 : 1 / 0.85, ...centre);
}

// One finger or button pans, the right button sets the window, two fingers zoom.
function followPointers(stage, room) {
  const down = new Map();
  stage.addEventListener("pointerdown", (event) => {
    if (event.target.closest("canvas") === null) return;
    down.set(event.pointerId, [event.clientX, event.clientY]);
    if (event.pointerType === "mouse" || room.view.zoom > 1) stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    if (down.size === 2) {
      const other = [...down].find(([id]) => id !== event.pointerId)[1];
      const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      if (apart(before) > 0) room.view.zoomAt(apart(now) / apart(before));
    } else if (event.buttons & 2) {
      room.shiftWindow(dx, dy);
    } else {
      room.view.pan(dx, dy);
    }
    down.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    stage.addEventListener(end, (event) => down.delete(event.pointerId));
  }
}
