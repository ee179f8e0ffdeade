// Slice slider of a series, with a bar chart of the tumour probabilities in the tones of the verdicts, and the thresholds.

const SVG = "http://www.w3.org/2000/svg";

function createShape(name, attributes) {
  const shape = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
  return shape;
}

class SliceSlider {
  constructor(element, choose) {
    this.element = element;
    this.chart = element.querySelector("svg");
    this.slider = element.querySelector("input");
    this.label = element.querySelector("output");
    this.choose = choose;
    this.slider.addEventListener("input", () => this.goTo(Number(this.slider.value)));
    this.chart.addEventListener("pointerdown", (event) => {
      const box = this.chart.getBoundingClientRect();
      const fraction = (event.clientX - box.left) / box.width;
      this.goTo(Math.round(fraction * this.series.ids.length - 0.5));
    });
  }

  show(series, keepIndex) {
    this.element.hidden = !series;
    this.series = series;
    if (!series) return;
    this.slider.max = String(series.ids.length - 1);
    if (!keepIndex) this.index = series.index;
    this.draw();
  }

  // Returns whether the scan belongs to a series.
  step(offset) {
    if (!this.series) return false;
    this.goTo(this.index + offset);
    return true;
  }

  goTo(index) {
    const target = Math.max(0, Math.min(this.series.ids.length - 1, index));
    if (target === this.index) return;
    this.index = target;
    this.draw();
    this.choose(this.series.ids[target]);
  }

  draw() {
    const { probabilities, kinds, numbers, count } = this.series;
    const probability = probabilities[this.index];
    const result = probability === null ? kinds[this.index] : `tumour probability ${(100 * probability).toFixed(1)}%`;
    this.slider.value = String(this.index);
    this.label.textContent = `Slice ${numbers[this.index]} of ${count}, ${result}`;
    this.slider.setAttribute("aria-valuetext", this.label.textContent);
    this.drawChart();
  }

  drawChart() {
    const { ids, probabilities, tones, low, high } = this.series;
    const [width, height] = [ids.length, 100];
    const thresholds = [...new Set([low, high])].filter((threshold) => threshold !== null);
    const shapes = thresholds.map((threshold) => createShape("line", {
      x1: 0, x2: width, y1: height * (1 - threshold), y2: height * (1 - threshold), class: "threshold" }));
    probabilities.forEach((probability, i) => {
      if (probability === null) return;
      const barHeight = Math.max(2, height * probability);
      const name = `value ${tones[i]}${i === this.index ? " current" : ""}`;
      shapes.push(createShape("rect", { x: i + 0.1, width: 0.8, y: height - barHeight, height: barHeight, class: name }));
    });
    const x = this.index + 0.5;
    shapes.push(createShape("line", { x1: x, x2: x, y1: 0, y2: height, class: "current" }));
    this.chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.chart.replaceChildren(...shapes);
  }
}
