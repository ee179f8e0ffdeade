// The browser asks before the visitor leaves or reloads the site with unsaved findings. Pages share one window, so that
// the last component that was drawn decides.

function ask(event) {
  event.preventDefault();
}

export default function ({ data }) {
  window.onbeforeunload = data.unsaved ? ask : null;
}
