package near

import (
	"strings"
	"testing"
)

func BenchmarkMake(b *testing.B) {
	names := []string{"The Daily Example: World", ""}
	english := "The country's largest exporters said on Thursday that orders had fallen for a third month in a row, and that they saw few signs of a turn before the end of the year, according to a survey of 250 firms published by the chamber of commerce in the capital. "
	chinese := "新华社北京3月15日电（记者张三）外交部发言人十五日在例行记者会上表示，双方就共同关心的问题深入交换了意见，同意加强在贸易、科技、人文等领域的合作，共同维护地区和平与稳定。发言人强调，中方一贯主张通过对话解决分歧……"
	japanese := "［東京　18日　ロイター］ - 東京株式市場で日経平均は続落し、前営業日比512円安の3万8千円台で取引を終えた。米国の長期金利が上昇したことを受けて、ハイテク株を中心に売りが広がった。市場では「様子見ムードが強い」との声が聞かれた。"
	for _, c := range []struct {
		name string
		text Text
	}{
		{"en", Text{Title: "UPDATE 2-Exporters see orders fall for third month, survey shows - Reuters", Lead: "SEOUL, Aug 20 (Reuters) - " + english}},
		{"zh", Text{Title: "【快讯】外交部：双方同意加强在贸易、科技等领域合作", Lead: strings.Repeat(chinese, 2)}},
		{"ja", Text{Title: "日経平均は続落、米長期金利の上昇でハイテク株に売り＝東京市場（ロイター）", Lead: strings.Repeat(japanese, 2)}},
		{"en body", Text{Title: "Exporters see orders fall", Lead: english, Body: strings.Repeat(english, 20)}},
		{"zh body", Text{Title: "外交部：双方同意加强在贸易、科技等领域合作", Lead: chinese, Body: strings.Repeat(chinese, 20)}},
	} {
		c.text.Names, c.text.URL = names, "https://www.example.com/world/2026/08/20/exporters-see-orders-fall-for-third-month-1234567.html"
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Make(c.text)
			}
		})
	}
}
