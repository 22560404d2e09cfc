// The form itself, for server/static/fill.js: everything about pages and sending is there.
import { OdkWebForm, POST_SUBMIT__NEW_INSTANCE, webFormsPlugin } from "@getodk/web-forms";
import { createApp, h } from "vue";
import { locale } from "./words.js";

// Shows a form in `place`; `props` and `onSubmitChunked` are those of OdkWebForm.
export function show(place, props) {
  const app = createApp({ render: () => h(OdkWebForm, props) });
  app.use(webFormsPlugin);
  const theirs = app.config.globalProperties.$primevue.config.locale;
  const { aria, ...rest } = locale();
  Object.assign(theirs, rest, { aria: { ...theirs.aria, ...aria } });
  app.mount(place);
  return app;
}

export { POST_SUBMIT__NEW_INSTANCE as ANOTHER };
