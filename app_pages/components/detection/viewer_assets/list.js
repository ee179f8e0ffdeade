// List: the scans to read, one line each; the keyboard goes through it as through any list box.

class List {
  constructor(box, choose) {
    this.box = box;
    this.choose = choose;
    this.entries = [];
    this.chosen = "";
    box.addEventListener("click", (event) => {
      const line = event.target.closest("[role=option]");
      if (line) this.go(this.lines().indexOf(line));
    });
    box.addEventListener("keydown", (event) => {
      const last = this.entries.length - 1;
      const to = { ArrowDown: this.at() + 1, ArrowRight: this.at() + 1, ArrowUp: this.at() - 1,
        ArrowLeft: this.at() - 1, Home: 0, End: last }[event.key];
      if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.go(Math.max(0, Math.min(last, to)));
    });
  }

  lines() {
    return [...this.box.children];
  }

  at() {
    return this.entries.findIndex((entry) => entry.ids.includes(this.chosen));
  }

  // Whether there was anywhere to go.
  step(by) {
    return this.go(this.at() + by);
  }

  go(index) {
    const entry = this.entries[index];
    if (!entry) return false;
    if (index !== this.at()) this.choose(entry.worst);
    return true;
  }

  thumb() {
    return this.lines()[this.at()]?.querySelector("img");
  }

  show(entries) {
    const same = JSON.stringify(entries) === this.drawn;
    if (!same) {
      this.entries = entries;
      this.drawn = JSON.stringify(entries);
      this.box.replaceChildren(...entries.map((entry, i) => this.line(entry, i)));
    }
  }

  line(entry, i) {
    const line = document.createElement("div");
    line.id = `scan-${i}`;
    line.setAttribute("role", "option");
    line.dataset.tone = entry.tone;
    const picture = document.createElement(entry.thumb ? "img" : "span");
    picture.className = "thumb";
    if (entry.thumb) Object.assign(picture, { src: entry.thumb, alt: "", loading: "eager" });
    const words = document.createElement("span");
    words.className = "words";
    for (const [kind, text] of [["title", entry.title], ["kind", entry.kind], ["note", entry.note]]) {
      if (!text) continue;
      const part = document.createElement("span");
      part.className = kind;
      part.textContent = kind === "kind" && entry.share ? `${text} ${entry.share}` : text;
      words.append(part);
    }
    line.append(picture, words);
    line.title = entry.title;
    return line;
  }

  mark(chosen) {
    this.chosen = chosen;
    this.lines().forEach((line, i) => {
      const selected = this.entries[i].ids.includes(chosen);
      line.setAttribute("aria-selected", String(selected));
      if (!selected) return;
      this.box.setAttribute("aria-activedescendant", line.id);
      // Only the list scrolls, never the page.
      const { offsetTop: top, offsetHeight: tall, offsetLeft: left, offsetWidth: wide } = line;
      const box = this.box;
      if (top < box.scrollTop) box.scrollTop = top;
      if (top + tall > box.scrollTop + box.clientHeight) box.scrollTop = top + tall - box.clientHeight;
      if (left < box.scrollLeft) box.scrollLeft = left;
      if (left + wide > box.scrollLeft + box.clientWidth) box.scrollLeft = left + wide - box.clientWidth;
    });
  }
}
