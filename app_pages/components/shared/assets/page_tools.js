// "Copy link", and the list of keys: opened by its button or by "?", except while text is entered.

const TEXT_FIELDS = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true], [role=combobox]";
const COPIED_FOR = 4000; // milliseconds

async function copyLink(status) {
  try {
    await navigator.clipboard.writeText(location.href);
    status.textContent = "Link copied";
  } catch {
    // Browsers allow it only over https and on this computer.
    status.textContent = "Copy the link from the address bar of the browser.";
  }
  setTimeout(() => { status.textContent = ""; }, COPIED_FOR);
}

function element(name, text = "") {
  return Object.assign(document.createElement(name), { textContent: text });
}

function fillSections(container, sections) {
  container.replaceChildren();
  for (const { title, shortcuts } of sections) {
    const list = element("dl");
    for (const { keys, action } of shortcuts) {
      const term = element("dt");
      term.append(...keys.map((key) => element("kbd", key)));
      list.append(term, element("dd", action));
    }
    container.append(element("h3", title), list);
  }
}

// Called with every new data; returns the clean-up function.
export default function (component) {
  const { parentElement, data } = component;
  const dialog = parentElement.querySelector("dialog");
  const status = parentElement.querySelector("[role=status]");
  fillSections(dialog.querySelector(".sections"), data.sections);
  const open = () => { if (!dialog.open) dialog.showModal(); };
  parentElement.querySelector("[data-action=copy]").onclick = () => copyLink(status);
  parentElement.querySelector("[data-action=keys]").onclick = open;
  const onKeyDown = (event) => {
    const target = event.composedPath()[0]; // the innermost element, through shadow roots
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target instanceof Element && target.closest(TEXT_FIELDS)) return;
    event.preventDefault();
    open();
  };
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}
