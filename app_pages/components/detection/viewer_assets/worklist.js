// Worklist: the scans as a list box with keyboard navigation.

class Worklist {
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    this.entries = [];
    this.chosen = "";
    element.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.goTo(this.options().indexOf(option));
    });
    element.addEventListener("keydown", (event) => {
      const [current, last] = [this.chosenIndex(), this.entries.length - 1];
      const index = { ArrowDown: current + 1, ArrowRight: current + 1, ArrowUp: current - 1, ArrowLeft: current - 1,
        Home: 0, End: last }[event.key];
      if (index === undefined || hasModifier(event)) return;
      event.preventDefault();
      event.stopPropagation();
      this.goTo(Math.max(0, Math.min(last, index)));
    });
  }

  options() {
    return [...this.element.children];
  }

  chosenIndex() {
    return this.entries.findIndex((entry) => entry.ids.includes(this.chosen));
  }

  step(offset) {
    this.goTo(this.chosenIndex() + offset);
  }

  goTo(index) {
    const entry = this.entries[index];
    if (entry && index !== this.chosenIndex()) this.choose(entry.worst);
  }

  chosenThumbnail() {
    return this.options()[this.chosenIndex()]?.querySelector("img");
  }

  show(entries) {
    const content = JSON.stringify(entries);
    if (content === this.content) return;
    this.entries = entries;
    this.content = content;
    this.element.replaceChildren(...entries.map((entry, i) => this.createOption(entry, i)));
  }

  createOption(entry, i) {
    const option = document.createElement("div");
    option.id = `scan-${i}`;
    option.setAttribute("role", "option");
    option.dataset.tone = entry.tone;
    option.title = entry.title;
    const thumbnail = document.createElement(entry.thumb ? "img" : "span");
    thumbnail.className = "thumbnail";
    if (entry.thumb) Object.assign(thumbnail, { src: entry.thumb, alt: "", loading: "eager" });
    const text = document.createElement("span");
    text.className = "text";
    const status = entry.share ? `${entry.kind} ${entry.share}` : entry.kind;
    for (const [name, content] of [["title", entry.title], ["kind", status], ["note", entry.note]]) {
      if (!content) continue;
      const line = document.createElement("span");
      line.className = name;
      line.textContent = content;
      text.append(line);
    }
    option.append(thumbnail, text);
    return option;
  }

  mark(chosen) {
    this.chosen = chosen;
    this.options().forEach((option, i) => {
      const isSelected = this.entries[i].ids.includes(chosen);
      option.setAttribute("aria-selected", String(isSelected));
      if (!isSelected) return;
      this.element.setAttribute("aria-activedescendant", option.id);
      this.scrollTo(option);
    });
  }

  // Unlike scrollIntoView, scrolls only the list and never the page.
  scrollTo({ offsetTop: top, offsetHeight: height, offsetLeft: left, offsetWidth: width }) {
    const list = this.element;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + height > list.scrollTop + list.clientHeight) list.scrollTop = top + height - list.clientHeight;
    if (left < list.scrollLeft) list.scrollLeft = left;
    if (left + width > list.scrollLeft + list.clientWidth) list.scrollLeft = left + width - list.clientWidth;
  }
}
