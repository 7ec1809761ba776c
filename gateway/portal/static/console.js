// The interactive console over our own description of the API, or over the one that the page names.
window.SwaggerUIBundle({
  url: document.querySelector("#console").dataset.url ?? "/api/v1/openapi.json",
  dom_id: "#console",
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null,
  defaultModelsExpandDepth: -1,
});
