"use strict";
// Draws openapi.json: one block an operation, with its parameters, body, answers and a form to try it.

const METHODS = ["get", "post", "put", "delete"];

function element(name, text, attributes) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  return made;
}

function resolved(api, schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.split("/").slice(1).reduce((found, step) => found[step], api);
}

function nameOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map(nameOf).join(" | ");
  if (schema.type === "array") return `list of ${nameOf(schema.items)}`;
  return [].concat(schema.type || "any").join(" | ");
}

function table(headings, rows) {
  const made = element("table");
  const head = made.appendChild(element("tr"));
  for (const heading of headings) head.append(element("th", heading));
  for (const row of rows) {
    const line = made.appendChild(element("tr"));
    for (const cell of row) line.append(element("td", cell));
  }
  return made;
}

function members(api, schema) {
  const shape = resolved(api, schema);
  const required = new Set(shape.required || []);
  return Object.entries(shape.properties || {}).map(([name, member]) => [
    name + (required.has(name) ? " *" : ""),
    nameOf(member),
    member.description || "",
  ]);
}

function exampleOf(api, content) {
  const first = Object.values(content.examples || {})[0];
  if (first) return JSON.stringify(first.value, null, 2);
  if (typeof content.example === "string") return content.example;
  const examples = resolved(api, content.schema).examples;
  return examples ? JSON.stringify(examples[0], null, 2) : "{}";
}

function trial(api, method, path, operation) {
  const form = element("form");
  const inputs = (operation.parameters || []).map((parameter) => {
    const label = form.appendChild(element("label", `${parameter.name}${parameter.required ? " *" : ""}`));
    const input = label.appendChild(element("input"));
    return [parameter, input];
  });
  const [mediaType, content] = Object.entries(operation.requestBody?.content || {})[0] || [];
  let body = null;
  if (content) {
    const label = form.appendChild(element("label", `body, ${mediaType}`));
    body = label.appendChild(element("textarea", exampleOf(api, content), { rows: 6, spellcheck: "false" }));
  }
  form.append(element("button", "Send"));
  const reply = form.appendChild(element("pre", "", { hidden: "" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let target = path;
    const query = new URLSearchParams();
    for (const [parameter, input] of inputs) {
      if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.set(parameter.name, input.value);
    }
    const address = query.size ? `${target}?${query}` : target;
    const request = { method: method.toUpperCase() };
    if (body) Object.assign(request, { body: body.value, headers: { "Content-Type": mediaType } });
    reply.hidden = false;
    try {
      const response = await fetch(address, request);
      const text = await response.text();
      const json = (response.headers.get("content-type") || "").includes("json");
      reply.textContent = `${response.status}\n${json ? JSON.stringify(JSON.parse(text), null, 2) : text}`;
    } catch (error) {
      reply.textContent = String(error);
    }
  });
  return form;
}

function block(api, method, path, operation) {
  const made = element("details");
  const summary = made.appendChild(element("summary"));
  summary.append(element("span", method.toUpperCase(), { class: "method" }), element("code", path));
  summary.append(` ${operation.summary || ""}`);
  const inside = made.appendChild(element("div"));
  inside.append(element("p", operation.description || ""));
  if (operation.parameters?.length) {
    inside.append(element("h4", "Parameters"));
    inside.append(table(["name", "in", "type", ""], operation.parameters.map((each) =>
      [each.name, each.in, nameOf(each.schema), each.description || each.schema?.description || ""])));
  }
  for (const [mediaType, content] of Object.entries(operation.requestBody?.content || {})) {
    inside.append(element("h4", `Body, ${mediaType}`), table(["member", "type", ""], members(api, content.schema)));
  }
  inside.append(element("h4", "Answers"));
  inside.append(table(["status", "", "shape"], Object.entries(operation.responses).map(([status, answer]) =>
    [status, answer.description, nameOf(Object.values(answer.content || {})[0]?.schema)])));
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
  const shape = Object.values(success?.[1].content || {})[0]?.schema;
  if (shape) inside.append(table(["member", "type", ""], members(api, shape)));
  inside.append(element("h4", "Try"), trial(api, method, path, operation));
  return made;
}

async function draw() {
  const api = await (await fetch("/openapi.json")).json();
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("description").textContent = api.info.description || "";
  const main = document.getElementById("operations");
  main.textContent = "";
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((each) => item[each])) {
      const tag = (item[method].tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(block(api, method, path, item[method]));
    }
  }
  for (const [tag, blocks] of groups) {
    const section = main.appendChild(element("section"));
    section.append(element("h2", tag), ...blocks);
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const each of main.querySelectorAll("details")) {
      each.hidden = !each.querySelector("summary").textContent.toLowerCase().includes(wanted);
    }
  });
}

draw().catch((error) => { document.getElementById("operations").textContent = String(error); });
