//go:build browser

package main

import (
	"fmt"
	"strings"
	"time"
)

// pageToken opens the private topic of the site under test.
const pageToken = "0123456789abcdef0123"

const pageConfig = `title: Harbour desk
listen: 127.0.0.1:0
dedupe: { events: group }
publish: { max_age: 0 }
topics:
  - name: China
    match: china OR chinese OR beijing OR xinjiang OR 中国 OR 维吾尔 OR الصين
  - name: Human Rights
    match: '"human rights" OR lawyer OR scholar OR 维吾尔 OR المحامي'
  - name: China/Human Rights
    match: uyghur OR "rights lawyer"
  - { name: China/Human Rights/Courts, match: court OR trial OR 法院 }
  - { name: Earth, match: earthquake OR flood* OR 地震 }
  - { name: Everything, match: "* NOT source:desk" }
  - name: Desk
    match: source:desk
    publish: { access: { tokens: [` + pageToken + `] } }
tests: []
`

// pageSite is a desk with what pages have to cope with: a story told by many in
// many wordings, one revised, titles in five scripts and without end, an outlet
// that fails, one that is broken, one that never was asked, a private topic.
func pageSite(o *outlets) string {
	const lead = "A court in northern China has released a human rights lawyer held since a sweep on legal activists in 2017, his family said on Monday. Qin Yulan, 52, was met at the gate by plain-clothes officers and driven to his parents' village, where visitors are being turned away."
	copies := map[string]string{
		"Meridian Wire":   dated("w1", "Rights lawyer freed in China after nine years, family says", lead, 1),
		"Harbour Daily":   dated("h1", "Rights lawyer freed in China after nine years, family says", lead+" The justice ministry did not reply to questions.", 2),
		"Plateau Post":    dated("p1", "Rights lawyer is freed in China after nine years, says family", strings.Replace(lead, "Monday", "Tuesday", 1), 3),
		"Evening Mirror":  dated("m1", "Rights lawyer freed in China after nine years, family says - Evening Mirror", lead[:180], 4),
		"Rights Bulletin": dated("b1", "Rights lawyer freed in China after nine years, family says", "BEIJING - "+lead, 5),
	}
	config := pageConfig + polite + "sources:\n"
	for i, name := range []string{"Meridian Wire", "Harbour Daily", "Plateau Post", "Evening Mirror", "Rights Bulletin"} {
		path := fmt.Sprintf("/copy%d", i)
		o.put(path, "application/rss+xml", wireDoc(copies[name]))
		config += fmt.Sprintf("  - { name: %q, url: %q, tier: %d }\n", name, o.URL+path, i+1)
	}
	scripts := map[string][3]string{
		"晨报":          {"zh", "维吾尔学者在乌鲁木齐获释回家", "乌鲁木齐消息:一名维吾尔学者在被关押九年后获释,家人周一说。法院没有说明理由,也没有公布判决书。"},
		"الميناء":     {"ar", "محكمة في الصين تفرج عن المحامي بعد تسع سنوات", "أفرجت محكمة في شمال الصين عن المحامي الذي كان محتجزا منذ عام 2017، حسبما قالت أسرته يوم الاثنين."},
		"港新聞":         {"ja", "南部沿岸で強い地震、津波の心配なし", "気象庁によると、月曜日の朝、南部沿岸で強い地震があった。津波の心配はない。"},
		"Вестник":     {"ru", "На побережье построили новую библиотеку", "Новая библиотека открылась в понедельник; в ней двести тысяч книг."},
		"El Faro":     {"es", "Habrá segunda vuelta en la república costera", "Ningún candidato obtuvo la mitad de los votos en las elecciones presidenciales del sábado."},
		"Long Titles": {"en", strings.TrimSpace(strings.Repeat("A headline that its writer could not bring to an end, ", 9)), "Words & more <words>."},
		"Desk notes":  {"en", "Desk: what we publish tomorrow", "Notes of the desk for those who have its key."},
	}
	for _, name := range []string{"晨报", "الميناء", "港新聞", "Вестник", "El Faro", "Long Titles", "Desk notes"} {
		s := scripts[name]
		path := "/" + s[0] + fmt.Sprint(len(name))
		o.put(path, "application/rss+xml", strings.Replace(wireDoc(dated(s[0]+fmt.Sprint(len(name)), strings.ReplaceAll(s[1], "&", "&amp;"), strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(s[2]), 6)), "<title>", "<language>"+s[0]+"</language><title>", 1))
		config += fmt.Sprintf("  - { name: %q, url: %q, language: %s }\n", name, o.URL+path, s[0])
	}
	var many []string
	for i := range 60 {
		many = append(many, dated(fmt.Sprint("e", i), fmt.Sprintf("Report %d from the %s coast, where floods recede", i, []string{"northern", "southern", "eastern"}[i%3]), fmt.Sprintf("Floods recede along the coast; report %d names villages, roads and bridges that are open again, and those that are not.", i), 7+5*i))
	}
	o.put("/many", "application/rss+xml", wireDoc(many...))
	o.set("/down", outlet{status: 503})
	o.put("/broken", "application/rss+xml", strings.TrimSuffix(wireDoc(dated("x1", "The last whole story of a broken feed", "Then the line was cut.", 9), dated("x2", "Cut", "cut", 9)), "</item></channel></rss>"))
	config += fmt.Sprintf("  - { name: Coast reports, url: %q }\n  - { name: Outlet that is down, url: %q }\n  - { name: Broken outlet, url: %q }\n", o.URL+"/many", o.URL+"/down", o.URL+"/broken")
	for i := range 45 {
		path := fmt.Sprintf("/quiet%d", i)
		o.put(path, "application/rss+xml", wireDoc())
		config += fmt.Sprintf("  - { name: \"Quiet outlet %d\", url: %q }\n", i, o.URL+path)
	}
	return config
}

// dated is an item of so many hours ago.
func dated(guid, title, text string, hours int) string {
	return strings.Replace(wireItem(guid, title, text), "<item>", "<item><pubDate>"+time.Now().Add(-time.Duration(hours)*time.Hour).UTC().Format(time.RFC1123Z)+"</pubDate>", 1)
}
