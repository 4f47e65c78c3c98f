import { join } from 'node:path'
import { chromium } from 'playwright-core'

// How a headless browser is started: Debian's, or what CHROMIUM names. It asks nobody outside for anything.
export const browserOptions = {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
}

/// A browser; with DAVENPORT_PAGE_FOLDER its pages are made of the files there, not of those that a node was built with: for work on the page.
export async function launch() {
  const folder = process.env.DAVENPORT_PAGE_FOLDER
  if (!folder) return withoutWorkers(await chromium.launch(browserOptions))
  // What a test hands to a page counts as public, and may open no WebSocket to this machine.
  const browser = withoutWorkers(await chromium.launch({ ...browserOptions, args: [...browserOptions.args, '--disable-features=LocalNetworkAccessChecks'] }))
  const newContext = browser.newContext.bind(browser)
  browser.newContext = async (options) => {
    const context = await newContext(options)
    await context.route((url) => /\/([a-z_-]+\.(js|css|svg|webmanifest))?$/.test(url.pathname), async (route) => {
      const name = new URL(route.request().url()).pathname.split('/').pop() || 'index.html'
      const answer = await route.fetch().catch(() => null)  // a node that is not there gives no page
      if (answer && answer.status() !== 403) await route.fulfill({ path: join(folder, name), contentType: { js: 'text/javascript', css: 'text/css', html: 'text/html', svg: 'image/svg+xml', webmanifest: 'application/manifest+json' }[name.split('.').pop()] })
      else if (answer) await route.fulfill({ response: answer })
      else await route.abort()
    })
    return context
  }
  return browser
}

/// A page's service worker asks by itself, past all that a test puts between: only a test of the worker has one.
function withoutWorkers(browser) {
  const newContext = browser.newContext.bind(browser)
  browser.newContext = (options) => newContext({ serviceWorkers: 'block', ...options })
  return browser
}
