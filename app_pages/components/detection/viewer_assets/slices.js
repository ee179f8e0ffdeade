// Slices: a slider through a series, and over it the tumour probability of each slice, in the tone of its verdict, with
// both thresholds.

const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes) {
  const shape = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
  return shape;
}

class Slices {
  constructor(part, choose) {
    this.part = part;
    this.plot = part.querySelector("svg");
    this.slider = part.querySelector("input");
    this.label = part.querySelector("output");
    this.choose = choose;
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.plot.addEventListener("pointerdown", (event) => {
      const box = this.plot.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      this.go(Math.round(share * this.series.ids.length - 0.5));
    });
  }

  show(series, keepPlace) {
    this.part.hidden = !series;
    this.series = series;
    if (!series) return;
    this.slider.max = String(series.ids.length - 1);
    if (!keepPlace) this.index = series.index;
    this.draw();
  }

  // A step through the series; false where this scan belongs to none.
  step(by) {
    if (!this.series) return false;
    this.go(this.index + by);
    return true;
  }

  go(index) {
    const to = Math.max(0, Math.min(this.series.ids.length - 1, index));
    if (to === this.index) return;
    this.index = to;
    this.draw();
    this.choose(this.series.ids[to]);
  }

  draw() {
    const { ids, probabilities, tones, low, high } = this.series;
    const share = probabilities[this.index];
    this.slider.value = String(this.index);
    this.label.textContent = `Slice ${this.index + 1} of ${ids.length}`
      + (share === null ? `, ${this.series.kinds[this.index]}` : `, tumour probability ${(100 * share).toFixed(1)}%`);
    this.slider.setAttribute("aria-valuetext", this.label.textContent);
    const [wide, tall] = [ids.length, 100];
    this.plot.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
    const parts = [low, high].filter((at) => at !== null).map((at) =>
      drawn("line", { x1: 0, x2: wide, y1: tall * (1 - at), y2: tall * (1 - at), class: "threshold" }));
    probabilities.forEach((value, i) => {
      if (value === null) return;
      const height = Math.max(2, tall * value);
      parts.push(drawn("rect", {
        x: i + 0.1, width: 0.8, y: tall - height, height, class: `value ${tones[i]}${i === this.index ? " here" : ""}` }));
    });
    parts.push(drawn("line", { x1: this.index + 0.5, x2: this.index + 0.5, y1: 0, y2: tall, class: "here" }));
    this.plot.replaceChildren(...parts);
  }
}
