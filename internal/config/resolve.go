package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"aggregator/internal/schedule"
)

// resolve turns the file into the Config.
func (l *loader) resolve(f *file) {
	c := l.config
	c.Title, c.Contact = oneLine(l, f.Title), l.contact(f.Contact)
	if strings.TrimSpace(c.Title) == "" {
		l.fault(f.Title.place, "the title is empty", "write a name for the site")
	}
	c.Listen = l.listen(f.Listen)
	c.URL = l.publicURL(f)
	c.Store = l.store(f.Store)
	c.Retain = l.duration(f.Retain, time.Hour, maxDuration)
	c.Fetch = l.fetch(f.Fetch)
	c.Publish = Publish{Feed: l.feed(f.Publish.feedSpec, Feed{}, false), Dir: l.absolute(f.Publish.Dir), Hub: l.hub(f.Publish.Hub)}
	c.Dedupe = l.dedupe(f.Dedupe)
	if c.Dedupe.Window > c.Retain && f.Dedupe.Window.given() {
		l.warn(f.Dedupe.Window.place, "stories are forgotten before the window ends", "write at most "+schedule.FormatDuration(c.Retain)+", or more for retain")
	}
	c.Dedupe.Window = min(c.Dedupe.Window, c.Retain)
	if c.Listen == "" && c.Publish.Dir == "" {
		l.warn(f.Listen.place, "nothing is served and nothing is written", "write listen: 127.0.0.1:8080 or publish.dir")
	}
	l.sources(f)
	if c.Dedupe.Events && !slices.ContainsFunc(c.Sources, func(s Source) bool { return s.Near != NearOff }) {
		l.warn(f.Dedupe.Events.place, "events are found by near text, which is off for every source: none will be", "write near: true")
	}
	l.topics(f)
	if c.Publish.Dir != "" && slices.ContainsFunc(c.Topics, func(t Topic) bool { return !t.Feed.Access.Public() }) {
		l.warn(f.Publish.Dir.place, "private topics are not written here: a static host would show them to everyone", "read them from listen:")
	}
	l.tests(f)
	l.references(f)
}

const maxDuration = 106_000 * 24 * time.Hour

func (l *loader) duration(v value[time.Duration], least, most time.Duration) time.Duration {
	if v.given() && (v.V < least || v.V > most) {
		l.fault(v.place, fmt.Sprintf("%s is out of range", schedule.FormatDuration(v.V)),
			fmt.Sprintf("write %s to %s", schedule.FormatDuration(least), schedule.FormatDuration(most)))
	}
	return v.V
}

func (l *loader) number(v value[int], least, most int) int {
	if v.given() && (v.V < least || v.V > most) {
		l.fault(v.place, fmt.Sprintf("%d is out of range", v.V), fmt.Sprintf("write %d to %d", least, most))
	}
	return v.V
}

func (l *loader) size(v value[size]) int64 {
	const least, most = 1 << 10, 1 << 30
	if v.given() && (v.V < least || v.V > most) {
		l.fault(v.place, formatSize(v.V)+" is out of range", "write "+formatSize(least)+" to "+formatSize(most))
	}
	return int64(v.V)
}

// oneOf refuses a word that is none of those known.
func (l *loader) oneOf(v value[string], known ...string) string {
	if !slices.Contains(known, v.V) && v.given() {
		words := map[string]bool{}
		for _, k := range known {
			words[k] = true
		}
		l.fault(v.place, fmt.Sprintf("%q is not known here", v.V), instead(v.V, words))
	}
	return v.V
}

// each is oneOf for a list without repeats.
func (l *loader) each(vs []value[string], known ...string) []string {
	var out []string
	for _, v := range vs {
		if slices.Contains(out, v.V) {
			l.fault(v.place, fmt.Sprintf("%q stands here twice", v.V), "leave one out")
		}
		out = append(out, l.oneOf(v, known...))
	}
	return out
}

// oneLine refuses control characters: a name goes to logs and headers.
func oneLine(l *loader, v value[string]) string {
	if i := strings.IndexFunc(v.V, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		l.fault(v.place, fmt.Sprintf("there is a control character %q in it", v.V[i]), "write it on one line")
	}
	return strings.TrimSpace(v.V)
}

func (l *loader) contact(v value[string]) string {
	c := oneLine(l, v)
	if c == "" {
		return ""
	}
	if _, err := mail.ParseAddress(strings.TrimPrefix(c, "mailto:")); err == nil {
		return c
	}
	if !strings.Contains(c, "://") {
		l.fault(v.place, fmt.Sprintf("%q is no way to reach you", c), "write the address of a page, or an e-mail address")
		return c
	}
	return l.address(v, "http", "https")
}

// address is an absolute address of one of the schemes, with a host.
func (l *loader) address(v value[string], schemes ...string) string {
	text := strings.TrimSpace(v.V)
	u, err := url.Parse(text)
	hint := "write an address such as " + schemes[len(schemes)-1] + "://example.org/…"
	scheme := ""
	if u != nil {
		scheme = u.Scheme
	}
	switch {
	case text == "":
		l.fault(v.place, "the address is empty", hint)
	case strings.HasPrefix(strings.ToLower(text), "feed:"):
		l.fault(v.place, "feed: is no address to ask", "write https:// in its place")
	case strings.ContainsAny(text, " \t\n\r"):
		l.fault(v.place, fmt.Sprintf("there is a space in the address %q", text), "write %20 for it, or - before each of several")
	case err != nil && !strings.Contains(text, "://"), err == nil && scheme == "", err == nil && u.Host == "" && !slices.Contains(schemes, scheme):
		l.fault(v.place, fmt.Sprintf("the address %q has no scheme", text), "write "+schemes[len(schemes)-1]+"://"+text)
	case err != nil:
		l.fault(v.place, "this is no address: "+urlReason(err), hint)
	case !slices.Contains(schemes, scheme):
		l.fault(v.place, fmt.Sprintf("%s:// is not known here", scheme), "write "+strings.Join(schemes, ":// or ")+"://")
	case u.Hostname() == "":
		l.fault(v.place, fmt.Sprintf("the address %q names no host", text), hint)
	case !goodPort(u.Port()):
		l.fault(v.place, fmt.Sprintf("the port %s is out of range", u.Port()), "write 1 to 65535")
	}
	return text
}

// urlReason leaves the address out: it may hold a password.
func urlReason(err error) string {
	text := err.Error()
	return text[strings.LastIndex(text, `": `)+len(`": `)*min(1, strings.Count(text, `": `)):]
}

func goodPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 1<<16
}

func (l *loader) listen(v value[string]) string {
	if v.V == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(v.V)
	_, numErr := strconv.ParseUint(port, 10, 16)
	if err != nil || numErr != nil || strings.ContainsAny(v.V, " /") {
		l.fault(v.place, fmt.Sprintf("%q is no host and port", v.V), "write 127.0.0.1:8080, :8080 for every address of this machine, or \"\" to serve nothing")
	}
	return v.V
}

// publicURL is the address that feeds name themselves by.
func (l *loader) publicURL(f *file) string {
	if !f.URL.given() {
		if f.Listen.V == "" {
			l.warn(f.Listen.place, "nothing is served here, so the feeds call themselves http://localhost", "write url: https://feeds.example.org, where publish.dir will be found")
			return "http://localhost"
		}
		return DefaultURL(f.Listen.V)
	}
	text := strings.TrimRight(l.address(f.URL, "http", "https"), "/")
	if u, err := url.Parse(text); err == nil && (u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		l.fault(f.URL.place, "the public address has more than a host and a path", "leave out what follows ? and #, and any password")
	}
	return text
}

// DefaultURL is the public address of a site that listens there and has no
// url: http://LISTEN, with localhost for every address of the machine.
func DefaultURL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func (l *loader) fetch(s fetchSpec) Fetch {
	f := Fetch{
		Schedule:    l.schedule(s.Schedule),
		Spread:      l.duration(s.Spread, 0, 24*time.Hour),
		MinInterval: l.duration(s.MinInterval, 0, 30*24*time.Hour),
		Timeout:     l.duration(s.Timeout, time.Millisecond, time.Hour),
		MaxSize:     l.size(s.MaxSize),
		Concurrency: l.number(s.Concurrency, 1, 10_000),
		PerHost: PerHost{
			Concurrency: l.number(s.PerHost.Concurrency, 1, 1000),
			Interval:    l.duration(s.PerHost.Interval, 0, time.Hour),
		},
		Proxy: l.proxy(s.Proxy),
	}
	if s.MinInterval.given() && f.MinInterval < time.Minute {
		l.warn(s.MinInterval.place, "publishers block those who ask more often than once a minute", "write 1m or more")
	}
	for _, n := range s.AllowNetworks {
		f.AllowNetworks = append(f.AllowNetworks, l.network(n))
	}
	return f
}

func (l *loader) schedule(v value[string]) schedule.Schedule {
	if s, ok := l.schedules[v.V]; ok {
		return s
	}
	s, warnings, err := schedule.Parse(v.V)
	if err != nil {
		l.fault(v.place, err.Error(), "")
		return s
	}
	for _, w := range warnings {
		l.warn(v.place, w, "")
	}
	l.schedules[v.V] = s
	return s
}

func (l *loader) proxy(v value[string]) string {
	if v.V == "" {
		return ""
	}
	return l.address(v, "socks5", "https", "http")
}

func (l *loader) network(v value[string]) netip.Prefix {
	p, err := netip.ParsePrefix(v.V)
	if ip, ipErr := netip.ParseAddr(v.V); ipErr == nil {
		l.fault(v.place, fmt.Sprintf("%s is one address, not a network", v.V), fmt.Sprintf("write %s/%d", v.V, ip.BitLen()))
	} else if err != nil {
		l.fault(v.place, fmt.Sprintf("%q is no network", v.V), "write one such as 127.0.0.0/8 or fd00::/8")
	}
	return p.Masked()
}

func (l *loader) dedupe(s dedupeSpec) Dedupe {
	d := Dedupe{
		Window: l.duration(s.Window, time.Minute, maxDuration),
		Near:   s.Near.V,
		Events: l.oneOf(s.Events, "off", "group") == "group",
		Prefer: l.each(s.Prefer, "tier", "fullest", "earliest"),
	}
	for _, p := range []string{"tier", "fullest", "earliest"} {
		if !slices.Contains(d.Prefer, p) {
			d.Prefer = append(d.Prefer, p) // what is not named decides last
		}
	}
	return d
}

// feed is what the file says; a topic says it over base, which holds for all.
func (l *loader) feed(s feedSpec, base Feed, topic bool) Feed {
	f := base
	if s.Formats != nil {
		f.Formats = append([]string{}, l.each(s.Formats, "atom", "rss", "json")...)
		if len(f.Formats) == 0 {
			// An empty list has no place of its own.
			l.warn(l.whole(), "formats is empty: no feed is written", "write [atom, rss, json]")
		}
	}
	set(&f.Items, s.Items, l.number(s.Items, 0, 100_000), topic)
	set(&f.MaxAge, s.MaxAge, l.duration(s.MaxAge, 0, maxDuration), topic)
	set(&f.MaxPerSource, s.MaxPerSource, l.number(s.MaxPerSource, 0, 100_000), topic)
	set(&f.Full, s.Content, l.oneOf(s.Content, "full", "summary") == "full", topic)
	set(&f.Also, s.Also, s.Also.V, topic)
	if s.Access != nil {
		f.Access = l.access(s.Access)
	}
	return f
}

// set takes a value over; for a topic only one that the file gives.
func set[T any, V string | int | bool | time.Duration](to *T, v value[V], resolved T, topic bool) {
	if v.given() || !topic {
		*to = resolved
	}
}

func (l *loader) hub(v value[string]) string {
	if v.V == "builtin" || v.V == "off" {
		return v.V
	}
	if !strings.Contains(v.V, "://") {
		return l.oneOf(v, "builtin", "off")
	}
	return l.address(v, "http", "https")
}
