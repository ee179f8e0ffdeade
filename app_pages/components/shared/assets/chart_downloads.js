// Saves a chart as PNG or SVG, in the colours and size in which it is drawn.

const NOT_DRAWN = "The chart is not drawn yet. Try again in a moment.";

function findChart(key) {
  const container = document.getElementsByClassName(`st-key-${key.replace(/[^a-zA-Z0-9_-]/g, "-")}`)[0];
  return container?.querySelector(".js-plotly-plot");
}

function save(chart, format, file) {
  // Maps are transparent on the page; their labels are readable on its ground only.
  const ground = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor;
  // A picture cannot use the fonts of the page.
  const layout = { ...chart.layout, paper_bgcolor: ground, font: { ...chart.layout.font, family: "Arial, sans-serif" } };
  const { width, height } = chart.getBoundingClientRect();
  const figure = { data: chart.data, layout, config: { displayModeBar: false } };
  return window.Plotly.downloadImage(figure, { format, filename: file, width, height, scale: format === "png" ? 2 : 1 });
}

export default function (component) {
  const { parentElement, data } = component;
  const status = parentElement.querySelector("[role=status]");
  for (const button of parentElement.querySelectorAll("button")) {
    button.onclick = async () => {
      const chart = findChart(data.chart);
      status.textContent = chart && window.Plotly ? "" : NOT_DRAWN;
      if (status.textContent) return;
      try {
        await save(chart, button.dataset.format, data.file);
      } catch (error) {
        status.textContent = `The ${button.textContent} could not be made. Try another browser, or download the CSV.`;
      }
    };
  }
}
