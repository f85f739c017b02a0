package config

import (
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"aggregator/internal/news"
	"aggregator/internal/query"
	"aggregator/internal/schedule"
	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"
)

const defaultTier = 5

func (l *loader) sources(f *file) {
	if len(f.Sources) == 0 && len(l.faults) == 0 {
		l.fault(l.whole(), "there are no sources", "write sources: and below it - url: https://example.org/feed.xml")
	}
	for i := range f.Sources {
		s := &f.Sources[i]
		switch {
		case s.OPML.given() && s.URL.given():
			l.fault(s.OPML.place, "a source has url or opml, not both", "make two entries of it")
		case s.OPML.given():
			l.opml(s)
		case !s.URL.given():
			l.fault(s.at, "a source has no url", "write url: https://example.org/feed.xml")
		default:
			l.config.Sources = append(l.config.Sources, l.source(s))
		}
	}
}

func (l *loader) source(s *sourceSpec) Source {
	out := Source{
		Source: news.Source{
			Name: oneLine(l, s.Name), Tier: defaultTier, Language: l.language(s.Language),
			Topics: texts(s.Topics), Tags: l.tags(s.Tags),
			Access: news.Access{
				Timeout: l.duration(s.Timeout, time.Millisecond, time.Hour), MaxSize: l.size(s.MaxSize), Proxy: l.proxy(s.Proxy),
				TLS: news.Certificates(l.certificates(s.TLS)), Discover: s.Discover.V,
			},
		},
		Schedule: l.config.Fetch.Schedule, MinInterval: l.config.Fetch.MinInterval, Near: l.near(s.Dedupe),
		BearerToken: l.secret(s.BearerToken, s.BearerTokenFile), Where: s.URL.where(),
	}
	l.sourcePlaces = append(l.sourcePlaces, sourcePlace{s.URL.place, s.Name.place})
	l.sourceAddress(s, &out)
	if s.Tier.given() {
		out.Tier = l.number(s.Tier, 1, 1000)
	}
	if s.MinInterval.given() {
		out.MinInterval = l.duration(s.MinInterval, 0, 30*24*time.Hour)
	}
	if s.Schedule.given() {
		out.Schedule = l.schedule(s.Schedule)
	}
	out.Drop, out.DropWhere = l.sourceQuery(s.Drop, "drop")
	out.Keep, out.KeepWhere = l.sourceQuery(s.Keep, "keep")
	l.headers(s, &out)
	l.login(s, &out)
	if s.TLS != nil && strings.HasPrefix(out.URL, "http:") {
		l.warn(s.URL.place, "tls says how to trust https, and this address is http", "write https://, or leave tls out")
	}
	if every := out.Schedule.Shortest(); s.Schedule.given() && every > 0 && every < out.MinInterval {
		l.warn(s.Schedule.place, fmt.Sprintf("min_interval %s is the floor under this schedule", schedule.FormatDuration(out.MinInterval)), "write a rarer schedule, or a smaller min_interval for this source")
	}
	return out
}

// near is what a source says, else what holds for all.
func (l *loader) near(s *sourceDedupeSpec) Near {
	switch {
	case s != nil && s.Near.given() && s.Near.V:
		return NearOwn
	case s != nil && s.Near.given():
		return NearOff
	}
	return l.config.Dedupe.near()
}

// near is of a source that says nothing.
func (d Dedupe) near() Near {
	if d.Near {
		return NearOthers
	}
	return NearOff
}

// sourceAddress takes user and password out of the address: addresses go to
// logs, pages and feeds.
func (l *loader) sourceAddress(s *sourceSpec, out *Source) {
	text := l.address(s.URL, "http", "https")
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return
	}
	if u.User != nil {
		out.Access.User = u.User.Username()
		out.Access.Password, _ = u.User.Password()
		if s.BasicAuth != nil {
			l.fault(s.URL.place, "user and password stand here twice", "leave them out of the address")
		}
		u.User = nil
		text = u.String()
	}
	out.URL, out.Key = text, sourceKey(u)
}

// SourceKey is the [news.Source] Key of an address: without scheme, user,
// default port and fragment. An address that is none is its own key.
func SourceKey(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return address
	}
	return sourceKey(u)
}

func sourceKey(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == "" || port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		host = strings.TrimSuffix(strings.TrimSuffix(host, port), ":")
	}
	key := host + u.EscapedPath()
	if u.Path == "" {
		key += "/"
	}
	if u.RawQuery != "" {
		key += "?" + u.RawQuery
	}
	return key
}

func (l *loader) tags(vs []value[string]) []string {
	for _, v := range vs {
		if strings.TrimSpace(v.V) == "" || strings.ContainsAny(v.V, "\"\n") {
			l.fault(v.place, fmt.Sprintf("%q is no tag", v.V), "write a word such as ngo")
		}
	}
	return texts(vs)
}

func texts(vs []value[string]) []string {
	var out []string
	for _, v := range vs {
		out = append(out, strings.TrimSpace(v.V))
	}
	return out
}

func (l *loader) language(v value[string]) string {
	if v.V == "" {
		return ""
	}
	tag, err := language.Parse(v.V)
	if err != nil {
		l.fault(v.place, fmt.Sprintf("%q is no language", v.V), "write a tag such as en, zh or pt-BR")
		return ""
	}
	return tag.String()
}

// sourceQuery is a rule about items that have no topics yet.
func (l *loader) sourceQuery(v value[string], key string) (*query.Query, string) {
	if !v.given() {
		return nil, ""
	}
	q := l.query(v)
	if q != nil && len(q.Topics()) > 0 {
		l.fault(v.place, key+" cannot ask for topics: they are found later", "ask for words, source: or tag:")
	}
	return q, v.where()
}

// query parses, and points at the very character that is wrong.
func (l *loader) query(v value[string]) *query.Query {
	q, err := query.Parse(v.V)
	if l.broken[v.node] {
		return q
	}
	if err == nil {
		if word := q.Mistaken(); word != "" {
			l.warn(v.place, mistakenMessage(word), mistakenHint(word))
		}
		return q
	}
	f := newFault(v.place, err.Error(), "")
	var qe *query.Error
	if errors.As(err, &qe) {
		f.Message, f.Hint = qe.Message, qe.Hint
		f.Line, f.Col = v.inside(qe.Offset)
		f.Excerpt = excerpt(v.doc.line(f.Line), f.Col)
	}
	l.faults = append(l.faults, f)
	return nil
}

func (l *loader) headers(s *sourceSpec, out *Source) {
	if len(s.Headers)+len(s.HeadersFile) == 0 {
		return
	}
	out.Access.Headers = map[string]string{}
	for _, h := range s.Headers {
		l.header(h.Key, h.Value, h.Value.V, out)
	}
	for _, h := range s.HeadersFile {
		l.header(h.Key, h.Value, l.secretFile(h.Value), out)
	}
}

func (l *loader) header(key, val value[string], text string, out *Source) {
	name := textproto.CanonicalMIMEHeaderKey(key.V)
	_, twice := out.Access.Headers[name]
	switch {
	case strings.Trim(name, headerChars) != "" || name == "":
		l.fault(key.place, fmt.Sprintf("%q is no name of a header", key.V), "write letters, digits and -")
	case slices.Contains([]string{"If-None-Match", "If-Modified-Since", "Host", "Content-Length", "Connection", "Accept-Encoding", "Transfer-Encoding", "Cookie", "Referer"}, name):
		l.fault(key.place, name+" is not yours to set", "leave it out")
	case twice:
		l.fault(key.place, name+" stands here twice", "leave one out")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		l.fault(val.place, "the value of "+name+" holds a control character", "write it on one line")
	default:
		out.Access.Headers[name] = text
	}
}

const headerChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" // RFC 9110 5.6.2

func (l *loader) login(s *sourceSpec, out *Source) {
	if s.BasicAuth != nil {
		out.Access.User, out.Access.Password = l.auth(s.BasicAuth)
	}
	ways := 0
	for _, used := range []bool{out.Access.User != "", out.BearerToken != "", out.Access.Headers["Authorization"] != ""} {
		if used {
			ways++
		}
	}
	if ways > 1 {
		l.fault(s.URL.place, "a source has one way to log in", "keep one of basic_auth, bearer_token and the header Authorization")
	}
}

// opml makes a source of each subscription, with the other keys of the entry.
func (l *loader) opml(s *sourceSpec) {
	if s.Name.given() {
		l.fault(s.Name.place, "name cannot be that of every source in an OPML file", "leave it out")
	}
	doc := l.open(s.OPML.place, l.beside(s.OPML), "write a path relative to this file")
	if doc == nil {
		return
	}
	subs, err := ReadOPML(strings.NewReader(doc.data))
	var oe *OPMLError
	if errors.As(err, &oe) {
		l.fault(place{doc, &yaml.Node{Line: oe.Line, Column: oe.Col}}, oe.Message, oe.Hint)
		return
	}
	for _, sub := range subs {
		at := place{doc, &yaml.Node{Line: sub.Line, Column: sub.Col}}
		one := *s
		one.OPML = value[string]{}
		one.URL = value[string]{sub.URL, at}
		one.Name = value[string]{sub.Name, at}
		one.at = at
		one.Tags = slices.Clone(s.Tags)
		for _, t := range sub.Tags {
			one.Tags = append(one.Tags, value[string]{t, at})
		}
		if !one.Language.given() && sub.Language != "" {
			one.Language = value[string]{sub.Language, at}
		}
		l.config.Sources = append(l.config.Sources, l.source(&one))
	}
}
