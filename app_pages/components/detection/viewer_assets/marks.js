// Marks at the edges of the picture: the patient's directions.

const DIRECTIONS = { A: "anterior", P: "posterior", L: "left", R: "right", S: "superior", I: "inferior" };
const EDGES = ["top", "right", "bottom", "left"];
const NO_ORIENTATION = "The file does not state the patient's orientation, so the sides are not marked.";

// Letters at the top, right, bottom and left edge; `AL` is anterior and a little to the left.
function createEdgeLetters(letters) {
  return (letters || []).map((letter, i) => {
    const mark = document.createElement("span");
    mark.className = `edge ${EDGES[i]}`;
    mark.textContent = letter;
    mark.setAttribute("aria-hidden", "true"); // the text alternative of the picture names them
    return mark;
  });
}

function describeEdges(letters) {
  if (!letters) return "";
  const names = letters.map((letter, i) => `${EDGES[i]} ${[...letter].map((each) => DIRECTIONS[each]).join(" and ")}`);
  return ` Patient's directions at the edges: ${names.join(", ")}.`;
}
