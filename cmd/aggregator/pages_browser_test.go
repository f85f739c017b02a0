//go:build browser

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A browser is headless Chromium with one tab, and what went wrong in it.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu    sync.Mutex
	wrong []string
}

// mostPage is what a page may weigh, in bytes.
const mostPage = 50_000

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	all, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true))...)
	t.Cleanup(stop)
	ctx, stop := chromedp.NewContext(all)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx, base: base}
	if err := chromedp.Do(ctx); err != nil { // it lives as long as the test
		t.Fatalf("chromium: %v (make browser installs it)", err)
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	tell(b, network.Enable, network.EnableParams{})
	tell(b, log.Enable, cdp.Empty{})
	return b
}

// hear notes what no page of ours may do.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, b.base+"/") && !strings.HasPrefix(e.Request.URL, "about:") && !strings.HasPrefix(e.Request.URL, "data:") {
			b.wrong = append(b.wrong, "asks another host: "+e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "throws: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.wrong = append(b.wrong, "writes to the console: "+string(e.Type))
	case *log.EventEntryAdded:
		if !strings.Contains(e.Entry.Text, "404 (Not Found)") { // the page asked for
			b.wrong = append(b.wrong, "the browser says: "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// fine wants nothing wrong since it was called last.
func (b *browser) fine(where string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		b.t.Errorf("%s %s", where, w)
	}
	b.wrong = nil
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, soon)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// got is what an action brings.
func got[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, soon)
	defer stop()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// ask gives what an expression is on the page.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	return got(b, chromedp.Evaluate[T](expression))
}

// tell sends the browser a command of its protocol.
func tell[P, R any](b *browser, cmd cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, cmd, params); err != nil {
		b.t.Fatal(err)
	}
}

// A look is how somebody looks at a page.
type look struct {
	name          string
	width, height int64
	scheme        string
}

var looks = []look{
	{"phone-light", 390, 844, "light"}, {"phone-dark", 390, 844, "dark"},
	{"desktop-light", 1280, 900, "light"}, {"desktop-dark", 1280, 900, "dark"},
}

func (b *browser) as(l look) {
	b.t.Helper()
	tell(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1, Mobile: l.width < 600})
	b.prefers("prefers-color-scheme", l.scheme)
}

// prefers sets what the person before the screen prefers, and that nothing moves.
func (b *browser) prefers(name, value string) {
	b.t.Helper()
	tell(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// A shownPage is a page of the site under test.
type shownPage struct{ name, path string }

// pagesUnderTest starts the site, with a story revised and every kind of page.
func pagesUnderTest(t *testing.T) (*running, []shownPage) {
	t.Helper()
	o := newOutlets(t)
	d := quietDesk(t, pageSite(o))
	d.poll("Meridian Wire")
	o.put("/copy0", "application/rss+xml", strings.ReplaceAll(strings.ReplaceAll(o.docs["/copy0"].body, "nine years", "eight years and nine months"), "52, was met", "53, was met"))
	d.poll("--force")
	r := d.start()
	story := func(guid string) string {
		return "/stories/" + strings.TrimPrefix(d.explained(guid).Story.ID, "urn:uuid:")
	}
	return r, []shownPage{
		{"index", "/"}, {"topic", "/topics/china"}, {"topic-below", "/topics/china/human-rights/courts"}, {"topic-older", "/topics/everything?page=2"}, {"topic-many", "/topics/earth"},
		{"story", story("w1")}, {"story-chinese", story("zh6")}, {"story-arabic", story("ar14")}, {"story-long", story("en11")},
		{"sources", "/sources"}, {"sources-older", "/sources?page=2"}, {"sources-failing", "/sources?state=failing&q=down"},
		{"try", "/try"}, {"try-found", "/try?q=lawyer+OR+%E7%BB%B4%E5%90%BE%E5%B0%94+OR+flood*&since=all"}, {"try-fault", "/try?q=china+AND+(&since=all"},
		{"search", "/search?q=lawyer+freed"}, {"search-nothing", "/search?q=unheard-of"},
		{"private-index", "/?token=" + pageToken}, {"private", "/topics/desk?token=" + pageToken}, {"not-found", "/nowhere"},
	}
}

// TestPagesInBrowser opens every page at two widths in two themes: it fits, it
// is small, axe finds nothing, nothing is asked of anybody else; a picture of
// each is left in $ARTIFACTS. Then by keyboard, and without scripts.
func TestPagesInBrowser(t *testing.T) {
	r, pages := pagesUnderTest(t)
	axe := readAxe(t)
	b := newBrowser(t, r.base)
	for _, l := range looks {
		b.as(l)
		for _, p := range pages {
			b.open(p)
			b.fits(p, l.width)
			b.audit(axe, l.name+" "+p.name)
			b.picture(l.name, p.name)
			b.fine(l.name + " " + p.name)
		}
	}
	for _, p := range pages {
		body := r.get(p.path).body
		if open := strings.Contains(p.path, pageToken); strings.Contains(body, "what we publish tomorrow") != open {
			t.Errorf("%s shows what is private, or not to the one who may read: %v", p.name, open)
		}
		if len(body) >= mostPage || len(body) < 500 {
			t.Errorf("%s has %d bytes", p.name, len(body))
		}
		b.as(look{"narrow", 320, 640, "light"})
		b.open(p)
		b.fits(p, 320)
		b.byKeyboard(p)
		b.fine("keyboard " + p.name)
	}
	b.copies(pages[1])
	b.forcedColors(pages)
	b.withoutScripts(pages)
	r.stop()
}

func (b *browser) open(p shownPage) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base+p.path), chromedp.WaitReady(chromedp.CSS("footer")))
}

// fits wants nothing to reach over the edge.
func (b *browser) fits(p shownPage, width int64) {
	b.t.Helper()
	if wide := ask[int64](b, "document.documentElement.scrollWidth"); wide > width {
		over := ask[string](b, "[...document.querySelectorAll('body *')].filter(e => !e.closest('.vh, .skip') && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join('\\n')")
		b.t.Errorf("%s is %d wide in %d:\n%s", p.name, wide, width, over)
	}
}

func readAxe(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(os.Getenv("AXE"))
	if err != nil {
		t.Fatalf("axe-core at $AXE: %v (`make browser` fetches it)", err)
	}
	return string(script)
}

// A violation is what axe finds.
type violation struct {
	ID, Help string
	Nodes    []struct {
		HTML    string `json:"html"`
		Failure string `json:"failureSummary"`
	}
}

const audit = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(r => JSON.stringify({passes: r.passes.length, violations: r.violations}))`

// audit opens all that can be opened and has axe look. It comes by the protocol,
// to which the page's policy does not apply.
func (b *browser) audit(axe, where string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelectorAll('details').forEach(d => d.open = true)"), chromedp.Evaluate[chromedp.Void](axe+";0"))
	out := got(b, chromedp.Evaluate[string](audit, chromedp.EvalAwaitPromise))
	var result struct {
		Passes     int
		Violations []violation
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || result.Passes < 15 {
		b.t.Errorf("%s: axe looked at too little: %v, %d rules pass", where, err, result.Passes)
	}
	for _, v := range result.Violations {
		b.t.Errorf("%s: %s: %s (%d times)\n%s\n%s", where, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].Failure)
	}
}

func (b *browser) picture(look, name string) {
	b.t.Helper()
	dir := cmp.Or(os.Getenv("ARTIFACTS"), "../../artifacts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	png := got(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name+"-"+look+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// byKeyboard: the first Tab shows the way past the navigation, Enter takes it;
// from there on every stop is seen.
func (b *browser) byKeyboard(p shownPage) {
	b.t.Helper()
	focus := func() string { return ask[string](b, "document.activeElement.id || document.activeElement.className") }
	b.do(chromedp.KeyEvent("\t"))
	if got := focus(); got != "skip" || !ask[bool](b, "document.activeElement.getBoundingClientRect().left >= 0") {
		b.t.Errorf("%s: the first stop is %q, and not the visible way to the content", p.name, got)
	}
	b.do(chromedp.KeyEvent("\r"))
	if got := focus(); got != "main" {
		b.t.Errorf("%s: the skip link leads to %q", p.name, got)
	}
	for range 8 {
		b.do(chromedp.KeyEvent("\t"))
		stop := ask[string](b, "document.activeElement.outerHTML.slice(0, 100)")
		if strings.HasPrefix(stop, "<body") {
			return // round again
		}
		if !ask[bool](b, "(e => getComputedStyle(e).outlineStyle != 'none' && parseFloat(getComputedStyle(e).outlineWidth) >= 2)(document.activeElement)") {
			b.t.Errorf("%s: no focus is seen at %s", p.name, stop)
		}
	}
}

// copies: the button that only a script can offer is offered, and answers.
func (b *browser) copies(topic shownPage) {
	b.t.Helper()
	b.as(looks[2])
	b.open(topic)
	b.do(chromedp.WaitVisible(chromedp.CSS("button[data-copy]")), chromedp.Click(chromedp.CSS("button[data-copy]")))
	eventually(b.t, "answer of the copy button", func() bool { return ask[string](b, "document.getElementById('copied').textContent") != "" })
	if copied := ask[string](b, "getSelection().toString() || document.getElementById('feed0').value.slice(document.getElementById('feed0').selectionStart, document.getElementById('feed0').selectionEnd)"); copied != b.base+topic.path+".atom" {
		b.t.Errorf("copied %q", copied)
	}
	b.fine("copy")
}

// forcedColors leaves pictures as people see them who choose their own colours.
func (b *browser) forcedColors(pages []shownPage) {
	b.t.Helper()
	b.prefers("forced-colors", "active")
	for _, p := range pages[:6] {
		b.open(p)
		b.picture("forced-colors", p.name)
	}
}

// withoutScripts: forms are sent, folds open, links lead on, addresses can be
// read.
func (b *browser) withoutScripts(pages []shownPage) {
	b.t.Helper()
	tell(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.as(looks[0])
	for _, p := range pages {
		b.open(p)
		if !ask[bool](b, "document.querySelector('h1').getBoundingClientRect().height > 10") {
			b.t.Errorf("%s without scripts has no heading", p.name)
		}
	}
	b.open(pages[1])
	if !ask[bool](b, "document.querySelector('button[data-copy]').hidden && document.getElementById('feed0').value.endsWith('/topics/china.atom')") {
		b.t.Error("without scripts, a button that does nothing, or no address")
	}
	b.do(chromedp.Click(chromedp.CSS("details summary")))
	if !ask[bool](b, "document.querySelector('details').open") {
		b.t.Error("without scripts, a fold does not open")
	}
	for _, step := range []struct{ from, fill, with, click, to string }{
		{"/", "#q", "lawyer", "form button", "/search?q=lawyer"},
		{"/try", "#q", "lawyer AND freed", "form button", "/try?q=lawyer+AND+freed&since=7d&topic="},
		{"/sources", "#q", "quiet", "form button", "/sources?q=quiet&state="},
		{"/topics/everything", "", "", "a[rel=next]", "/topics/everything?page=2"},
		{"/topics/everything?page=2", "", "", "a[rel=prev]", "/topics/everything"},
		{"/topics/china", "", "", ".under a", "/topics/china/human-rights"},
		{"/search?q=lawyer", "", "", "article .meta a", "/stories/"},
		{"/nowhere", "", "", "main a", "/"},
		{"/?token=" + pageToken, "#q", "notes", "form button", "/search?q=notes&token=" + pageToken},
	} {
		b.open(shownPage{path: step.from})
		if step.fill != "" {
			b.do(chromedp.SendKeys(chromedp.CSS(step.fill), step.with))
		}
		b.do(chromedp.Click(chromedp.CSS(step.click)))
		b.arrives(step.from, step.to)
	}
	b.fine("without scripts")
}

// arrives waits until the tab is at a path.
func (b *browser) arrives(from, to string) {
	b.t.Helper()
	at := ""
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		at = got(b, chromedp.Location())
		u, err := url.Parse(at)
		if got := strings.TrimPrefix(at, b.base); err == nil && (got == to || to == "/stories/" && strings.HasPrefix(u.Path, to)) {
			b.do(chromedp.WaitReady(chromedp.CSS("footer")))
			return
		}
	}
	b.t.Errorf("from %s without scripts one comes to %s, not %s", from, fmt.Sprint(at), to)
}
