// Window controls: presets, sliders and numbers for the centre and width, in the unit of the file.

class WindowControls {
  constructor(root, change) {
    this.root = root;
    this.select = root.querySelector("[data-window=preset]");
    this.fields = ["center", "width"].map((name) => ({
      name,
      slider: root.querySelector(`[data-slider=${name}]`),
      number: root.querySelector(`[data-window=${name}]`),
    }));
    for (const { name, slider, number } of this.fields) {
      slider.addEventListener("input", () => change({ ...this.window, [name]: Number(slider.value) }));
      number.addEventListener("change", () => {
        const value = Number(number.value);
        const isValid = number.value !== "" && Number.isFinite(value) && (name === "center" || value > 0);
        change({ ...this.window, [name]: isValid ? value : this.window[name] });
      });
    }
    this.select.addEventListener("change", () => {
      const preset = this.presets[Number(this.select.value)];
      if (preset) change({ center: preset[1], width: preset[2] });
    });
  }

  // Offers the presets and limits of a scan.
  setScan({ low, high, window: width, presets, unit }) {
    this.presets = presets;
    const options = presets.map(([label], i) => new Option(label, String(i)));
    this.select.replaceChildren(new Option("Custom", ""), ...options);
    const widest = Math.max(high - low, width, ...presets.map((preset) => preset[2]));
    const limits = { center: [low, high], width: [(high - low) / 400, widest] };
    for (const { name, slider, number } of this.fields) {
      const [min, max] = limits[name];
      Object.assign(slider, { min: String(min), max: String(max) });
      number.setAttribute("aria-label", `${name === "center" ? "Centre" : "Width"}${unit ? ` in ${unit}` : ""}`);
    }
    for (const element of this.root.querySelectorAll(".unit")) element.textContent = unit;
  }

  show(values) {
    this.window = values;
    for (const { name, slider } of this.fields) slider.value = String(values[name]);
    const isShown = ([, center, width]) => Math.abs(center - values.center) + Math.abs(width - values.width) < 1e-3 * width;
    const index = this.presets.findIndex(isShown);
    this.select.value = index < 0 ? "" : String(index);
    // A window of the file has the numbers of the file.
    const [center, width] = this.presets[index]?.[3] || [values.center, values.width];
    for (const { name, number } of this.fields) {
      number.value = String(Number((name === "center" ? center : width).toPrecision(5)));
    }
  }
}
