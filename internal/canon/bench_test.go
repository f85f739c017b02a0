package canon

import (
	"strings"
	"testing"
)

// post is HTML as blogs and news sites send it: paragraphs, links, an image, a
// list, a quotation.
func post() string {
	const part = `<p class="lead" style="margin:0">The committee said on <a href="/2026/08/20/report.html?utm_source=rss">Thursday</a> that it had &ldquo;seen no evidence&rdquo; &amp; would wait; <em>observers</em> disagreed, and the spokesperson didn't answer.</p>
<figure class="wp-block-image size-large"><img loading="lazy" decoding="async" width="1024" height="683" src="https://cdn.example.org/images/2026/08/photo.jpg" alt="A crowd in front of the building" class="wp-image-1" srcset="https://cdn.example.org/a.jpg 1024w, https://cdn.example.org/b.jpg 300w" sizes="(max-width: 1024px) 100vw"/><figcaption>A crowd. Photo: Example</figcaption></figure>
<blockquote><p>Nobody had told us anything before the morning of the trial, said one of the lawyers who had travelled from the capital to follow it.</p></blockquote>
<ul><li>First point of the list</li><li><strong>Second</strong> point, which is longer than the first one</li></ul>
`
	return strings.Repeat(part, 4)
}

func BenchmarkHTML(b *testing.B) {
	c, s := NewCleaner(), post()
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		c.HTML(s, "https://example.org/feed.xml")
	}
}

func BenchmarkText(b *testing.B) {
	s := post()
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		Text(s)
	}
}

func BenchmarkWords(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":  Text(post()),
		"latin":  strings.Repeat("Les députés ont été reçus à l'Élysée, où le ministre a présenté son projet. ", 40),
		"han":    strings.Repeat("北京市人民政府今天宣布，新的规定将于下月开始实施。", 40),
		"kana":   strings.Repeat("東京都は新しいルールを来月から実施すると発表した。", 40),
		"arabic": strings.Repeat("أعلنت الحكومة اليوم أن القواعد الجديدة ستدخل حيز التنفيذ. ", 40),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				Words(s)
			}
		})
	}
}

func BenchmarkURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		URL("https://www.example.org/world/2026/08/20/report.html?utm_source=rss&utm_medium=feed&id=17#top")
	}
}

func BenchmarkNormal(b *testing.B) {
	for name, s := range map[string]string{
		"ascii": Text(post()),
		"latin": strings.Repeat("Les députés ont été reçus à l'Élysée, où le ministre a présenté son projet. ", 40),
		"han":   strings.Repeat("北京市人民政府今天宣布，新的规定将于下月开始实施……", 40),
		"kana":  strings.Repeat("東京都は「新しいルールを来月から実施する」と発表した。", 40),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				Normal(s)
			}
		})
	}
}
