// The reference as Swagger UI: read, try, link to an operation. It takes the plain reference's place only once it
// stands; without it, or without the document, the plain one stays.

const reference = document.getElementById('reference');

/** Whether an answer never ends by itself: a form that waits for its end would wait for ever. */
function isStream(operation) {
  const answers = operation.responses ?? {};
  return '101' in answers || 'text/event-stream' in (answers['200']?.content ?? {});
}

/** What Swagger UI is to do otherwise here. */
function manners(description, { React }) {
  const make = React.createElement;

  /** Its own layout has a second main, and headings that leave a level out; ours belongs into a page. */
  function Reference({ getComponent }) {
    const part = (name, isContainer) => make(getComponent(name, isContainer));
    return make(
      'div',
      { className: 'swagger-ui' },
      part('SvgAssets'),
      part('errors', true),
      make('h2', { id: 'in-general' }, 'In general'),
      make(getComponent('Markdown', true), { source: description.info.description }),
      make('div', { className: 'reference-head' }, make('h2', { id: 'routes' }, 'Routes'), part('AuthorizeBtnContainer', true)),
      part('operations', true),
      part('Models', true),
    );
  }

  /** A path that may break before each slash. Its own is a link within a button, which a keyboard can't tell apart. */
  function OperationSummaryPath({ operationProps }) {
    const path = operationProps.get('path');
    const pieces = path.split(/(?=\/)/).flatMap((piece, at) => [make('wbr', { key: at }), piece]);
    return make('span', { className: 'opblock-summary-path', 'data-path': path }, pieces);
  }

  return {
    components: { Reference, OperationSummaryPath },
    statePlugins: {
      spec: {
        wrapSelectors: {
          allowTryItOutFor: () => (state, path, method) => !isStream(description.paths[path]?.[method] ?? {}),
        },
      },
    },
  };
}

// What Swagger UI leaves without a name, and what scrolls without being reached by a keyboard.
const FIELDS = '.opblock :is(.parameters, .opblock-section-request-body) :is(input, select, textarea):not([aria-label], [id])';
const ANSWERS = '.responses-table[role=region]:not([aria-label])';
const CLOSE = '.close-modal:not([aria-label])';
const EXAMPLES = '.highlight-code > pre:not([tabindex])';

/** Gives parts what they lack as they appear. */
function complete(stage) {
  const each = (selector, act) => stage.querySelectorAll(selector).forEach(act);
  const name = (element, text) => element.setAttribute('aria-label', text);
  const title = (element) => element.closest('.opblock').querySelector('.opblock-summary-control').textContent;
  const go = () => {
    each(FIELDS, (field) => name(field, field.closest('tr[data-param-name]')?.dataset.paramName ?? 'Body'));
    each(ANSWERS, (table) => name(table, `Answers to ${title(table)}`));
    each(CLOSE, (button) => name(button, 'Close'));
    each(EXAMPLES, (example) => example.setAttribute('tabindex', '0'));
  };
  new MutationObserver(go).observe(stage, { childList: true, subtree: true });
  go();
}

/** Swagger UI has dark colours of its own; they hang on a class. */
function followScheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
  follow();
}

/**
 * The document in the form that Swagger UI can do most with. Parameters that several operations share stand with
 * each of them, written out: an operation that is opened by its address would have fields without names otherwise.
 */
function prepared(description) {
  const named = description.components.parameters;
  const whole = (parameter) => (parameter.$ref ? named[parameter.$ref.split('/').at(-1)] : parameter);
  for (const item of Object.values(description.paths)) {
    const shared = item.parameters ?? [];
    delete item.parameters;
    for (const operation of Object.values(item)) {
      operation.parameters = [...shared, ...(operation.parameters ?? [])].map(whole);
    }
  }
  // Requests go to where the page came from: the policy allows no other place, whatever else the server is called.
  description.servers = [{ url: location.origin }];
  return description;
}

async function show() {
  const answer = await fetch('/api/openapi.json');
  if (!answer.ok) throw new Error(`/api/openapi.json: ${answer.status}`);
  const description = prepared(await answer.json());
  const stage = document.createElement('div');
  await new Promise((resolve) => {
    globalThis.SwaggerUIBundle({
      spec: description,
      domNode: stage,
      layout: 'Reference',
      plugins: [(system) => manners(description, system)],
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
      // Its themes have too little contrast.
      syntaxHighlight: false,
      validatorUrl: null,
      onComplete: resolve,
    });
  });
  followScheme();
  complete(stage);
  reference.replaceChildren(stage);
  reference.dataset.shown = 'swagger';
}

try {
  if (!globalThis.SwaggerUIBundle) throw new Error('Swagger UI did not come');
  await show();
} catch (problem) {
  console.warn('The plain reference stays:', problem);
  reference.dataset.shown = 'plain';
}
