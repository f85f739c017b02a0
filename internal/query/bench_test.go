package query

import (
	"fmt"
	"strings"
	"testing"
)

// sample has words words of running text in one script.
func sample(words int, script string) string {
	some := map[string]string{
		"latin":    "The government of China has detained dozens of human rights lawyers since Monday, U.N. experts said, and Beijing's foreign ministry rejected the 2,000-page report about camps in Xinjiang as interference",
		"cyrillic": "Правительство Китая задержало десятки адвокатов правозащитников, сообщили эксперты ООН, а министерство иностранных дел в Пекине отвергло доклад о лагерях в Синьцзяне",
		"arabic":   "اعتقلت الحكومة الصينية عشرات المحامين المدافعين عن حقوق الإنسان منذ يوم الاثنين كما قال خبراء الأمم المتحدة ورفضت وزارة الخارجية في بكين التقرير",
		"chinese":  "联合国专家表示，自周一以来，中国政府拘留了数十名人权律师，北京外交部驳斥了有关新疆营地的两千页报告，称这是干涉内政。",
	}[script]
	fields := strings.Fields(some)
	if script == "chinese" {
		fields = strings.SplitAfter(some, "")
	}
	var b strings.Builder
	for i := range words {
		if b.WriteString(fields[i%len(fields)]); script != "chinese" {
			fmt.Fprintf(&b, "%.*s ", i/len(fields)%4, "sed") // other words each time round
		}
	}
	return b.String()
}

// BenchmarkPrepare: 300 words, or as many characters of Chinese.
func BenchmarkPrepare(b *testing.B) {
	for _, script := range []string{"latin", "cyrillic", "arabic", "chinese"} {
		b.Run(script, func(b *testing.B) {
			d := Doc{Title: "U.N. experts", Text: sample(300, script), Lang: map[string]string{"latin": "en", "cyrillic": "ru", "arabic": "ar", "chinese": "zh"}[script]}
			b.SetBytes(int64(len(d.Text)))
			b.ReportAllocs()
			for b.Loop() {
				Prepare(d)
			}
		})
	}
}

// BenchmarkSet: rules of five terms, two in a hundred of which match.
func BenchmarkSet(b *testing.B) {
	p := Prepare(Doc{Title: "U.N. experts", Text: sample(300, "latin"), Lang: "en"})
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var qs []*Query
			for i := range n {
				src := fmt.Sprintf(`alpha%d OR beta%d OR gam%dma* OR "delta%d epsilon" OR zeta%d`, i, i, i, i, i)
				if i%50 == 0 {
					src += " OR xinjiang"
				}
				q, err := Parse(src)
				if err != nil {
					b.Fatal(err)
				}
				qs = append(qs, q)
			}
			s := NewSet(qs)
			b.ReportAllocs()
			for b.Loop() {
				s.Match(p).Done()
			}
		})
	}
}
