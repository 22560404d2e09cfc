// Opens a form in the page and sends what is filled, the way phones do: the same bytes until the
// server has answered. Answers never leave the screen before that.
const fill = document.getElementById("fill");
const place = document.getElementById("fill-form");
const task = JSON.parse(document.getElementById("fill-task").textContent);
const kind = fill.dataset.kind;
const reason = document.querySelector("[name=reason]");
let waiting = null;
let changed = false;

function say(what, why = "") {
  document.getElementById("fill-opening")?.remove();
  for (const each of document.querySelectorAll("[data-said]")) {
    each.hidden = each.dataset.said !== what;
    if (each.hidden) continue;
    const text = each.querySelector("[data-why]");
    if (text) text.textContent = why;
    each.scrollIntoView({ block: "center" });
  }
}

// Labels first show in the reader's language: an XForm names the one by an attribute.
function inLanguage(xform) {
  const form = new DOMParser().parseFromString(xform, "text/xml");
  const translations = [...form.getElementsByTagName("translation")];
  const wanted = translations.find((each) => each.getAttribute("lang").endsWith(`(${task.language})`));
  if (!wanted) return xform;
  translations.forEach((each) => each.removeAttribute("default"));
  wanted.setAttribute("default", "true()");
  return new XMLSerializer().serializeToString(form);
}

// Collect may write the record's meta part in OpenRosa's namespace where the form has it in its
// own: the component then finds no instanceID to correct.
const OPENROSA = "http://openrosa.org/xforms";
const metaOf = (parent) => [...parent.children].find((each) => each.localName === "meta");

function asTheForm(sent, xform) {
  const form = new DOMParser().parseFromString(xform, "text/xml");
  const record = new DOMParser().parseFromString(sent, "text/xml").documentElement;
  const asked = metaOf(form.getElementsByTagName("instance")[0].firstElementChild);
  const given = metaOf(record);
  if (!asked || !given) return sent;
  const namespace = asked.namespaceURI === OPENROSA ? OPENROSA : record.namespaceURI;
  if (given.namespaceURI !== namespace) given.replaceWith(moved(given, namespace));
  return new XMLSerializer().serializeToString(record);
}

function moved(element, namespace) {
  const made = element.ownerDocument.createElementNS(namespace, element.localName);
  for (const { name, value } of element.attributes) {
    if (!name.startsWith("xmlns")) made.setAttribute(name, value);
  }
  for (const child of [...element.childNodes]) {
    const isOpenRosa = child.namespaceURI === element.namespaceURI && child.nodeType === 1;
    made.append(isOpenRosa ? moved(child, namespace) : child);
  }
  return made;
}

// jr://file-csv/visits.csv -> our own address of visits.csv.
const named = (url) => decodeURIComponent(String(url).split("/").pop());
const fetchFormAttachment = (url) => fetch(task.files + encodeURIComponent(named(url)));

async function attachment(name) {
  const answer = await fetch(task.attachments[name]);
  const body = await answer.blob();
  const types = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp" };
  const type = types[name.split(".").pop().toLowerCase()] || "application/octet-stream";
  return new Response(body, { status: answer.status, headers: { "Content-Type": type } });
}

const editing = () => ({
  resolveInstance: () => asTheForm(task.instance, task.form),
  attachmentFileNames: Object.keys(task.attachments),
  resolveAttachment: attachment,
});

// A new sign-in brings a new token: it stands in every page.
async function freshToken() {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const found = page.querySelector("meta[name=csrf-token]");
  if (found) document.querySelector("meta[name=csrf-token]").content = found.content;
}

async function sendOne(data) {
  return fetch(task.send, {
    method: "POST",
    body: data,
    headers: { "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
  });
}

// Sends what still waits, part by part. What the server has answered for is not sent again.
async function send() {
  if (!waiting || waiting.busy) return;
  waiting.busy = true;
  place.inert = true;
  say("sending");
  try {
    let answer;
    if (waiting.again) await freshToken();
    while (waiting.parts.length) {
      answer = await sendOne(waiting.parts[0]);
      if (!answer.ok) return await refused(answer);
      waiting.parts.shift();
    }
    received((await answer.json()).address);
  } catch {
    say("lost");
  } finally {
    if (waiting) Object.assign(waiting, { busy: false, again: true });
  }
}

async function refused(answer) {
  if (answer.status === 401) return say("signed-out");
  if (answer.status === 502 || answer.status === 503 || answer.status === 504) return say("lost");
  const type = answer.headers.get("Content-Type") || "";
  const problem = type.includes("problem+json") ? await answer.json() : null;
  const english = document.documentElement.lang === "en";
  waiting = null;
  place.inert = false;
  if (!problem) await freshToken();
  say("refused", problem ? (english ? problem.title : problem.detail) : "");
}

function received(address) {
  waiting = null;
  changed = false;
  place.remove();
  reason?.closest("div").remove();
  document.querySelector("[data-record]").href = address;
  say("received");
}

function submitted(payload, done) {
  done();
  if (payload.status === "max-size-exceeded") return say("too-large");
  if (payload.status !== "ready") return undefined;
  if (kind === "preview") return say("checked");
  if (reason && !reason.value.trim()) {
    say("reason");
    return reason.focus();
  }
  for (const data of payload.data) {
    if (kind !== "edit") continue;
    data.append("reason", reason.value);
    data.append("revision", task.revision);
  }
  waiting = { parts: [...payload.data] };
  return send();
}

// Some of the component's controls say nothing to a screen reader: they take the name of their
// question, and a button that clears it says so; one that opens a repeat's menu says that.
const UNNAMED =
  "input[role=spinbutton], [role=combobox], [role=progressbar], .clear-button, .button-menu";

function nameOf(control) {
  if (control.matches(".button-menu")) return fill.dataset.wordMenu;
  const question = control.closest(".question-container")?.querySelector(".control-text");
  const clears = control.matches(".clear-button") ? `${fill.dataset.wordClear} ` : "";
  return clears + (question?.textContent.trim() || fill.dataset.wordWaiting);
}

function nameControls() {
  for (const control of place.querySelectorAll(UNNAMED)) {
    const name = nameOf(control);
    if (control.getAttribute("aria-label") !== name) control.setAttribute("aria-label", name);
  }
}
new MutationObserver(nameControls).observe(place, { childList: true, subtree: true });

async function open() {
  const bundle = await import(fill.dataset.bundle);
  bundle.show(place, {
    formXml: inLanguage(task.form),
    fetchFormAttachment,
    submissionMaxSize: task.largest,
    preloadProperties: { deviceID: task.device, username: task.person },
    ...(task.instance && { editInstance: editing() }),
    onSubmitChunked: submitted,
  });
  document.getElementById("fill-opening").remove();
}

document.getElementById("fill-again").addEventListener("click", send);
document.querySelector("[data-again]").addEventListener("click", send);
addEventListener("online", send);
place.addEventListener("input", () => (changed = true));
place.addEventListener("change", () => (changed = true));
addEventListener("beforeunload", (event) => {
  if (kind !== "preview" && (changed || waiting)) event.preventDefault();
});
open().catch((error) => {
  console.error(error);
  say("broken");
});
