// A button that copies a text to the clipboard, and says so.

export default function (component) {
  const { data, parentElement } = component;
  const button = parentElement.querySelector("button");
  const state = parentElement.querySelector("[role=status]");
  button.textContent = "Copy text";
  state.textContent = "";
  button.onclick = async () => {
    state.textContent = (await copyText(data.text, parentElement)) ? "Copied" : "Select the text to copy it.";
  };
}

async function copyText(text, parent) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers offer the clipboard only over HTTPS and on the own computer.
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("aria-hidden", "true");
    (parent.host ?? document.body).appendChild(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
