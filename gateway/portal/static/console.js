// The interactive console over our own description of the API.
window.SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#console",
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null,
  defaultModelsExpandDepth: -1,
});
