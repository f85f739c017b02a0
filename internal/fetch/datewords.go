package fetch

import (
	"strings"
	"time"
)

// zoneOf knows the names of RFC 822 5.1 and those of Europe and Asia that are
// seen; where two zones share a name, it is the one of more feeds.
func zoneOf(w string) (seconds int, ok bool) {
	const hour = 3600
	switch w {
	case "z", "ut", "utc", "gmt", "wet":
		return 0, true
	case "cet", "bst", "west", "met":
		return hour, true
	case "cest", "eet", "mest", "sast":
		return 2 * hour, true
	case "eest", "msk":
		return 3 * hour, true
	case "msd":
		return 4 * hour, true
	case "ist":
		return 5*hour + hour/2, true
	case "hkt", "sgt":
		return 8 * hour, true
	case "jst", "kst":
		return 9 * hour, true
	case "aest":
		return 10 * hour, true
	case "aedt":
		return 11 * hour, true
	case "est", "cdt":
		return -5 * hour, true
	case "edt":
		return -4 * hour, true
	case "cst", "mdt":
		return -6 * hour, true
	case "mst", "pdt":
		return -7 * hour, true
	case "pst":
		return -8 * hour, true
	}
	return 0, false
}

// months holds the beginnings of the months' names without accents; the
// longest that fits decides (juni, juillet).
var months = [...]string{
	"jan gen ene sty led ocak ιαν янв січ tammi يناير كانون جنوری जनवरी",
	"feb fev fevr lut uno subat φεβ фев лют helmi فبراير شباط فروری फरवरी",
	"mar maerz marz mart bre brez maaliskuu maalis μαρ мар бер مارس آذار مارچ मार्च",
	"apr avr abr kwi dub nisan huhti ipr απρ апр кві ابريل أبريل إبريل نيسان اپریل अप्रैल",
	"may mai mag maj kve mei mayis touko maggio μαι μαϊ мая май тра مايو أيار مئی मई",
	"jun juin giu cze cerv cerven haz kesa ιουν июн чер يونيو حزيران جون जून",
	"jul juil lug lip cervenc tem heina ιουλ июл лип يوليو تموز جولائی जुलाई",
	"aug aou ago sie srp agu elo αυγ авг сер أغسطس آب اگست अगस्त",
	"sep set szep wrz zar eyl syys spt σεπ сен вер سبتمبر أيلول ستمبر सितंबर",
	"oct okt ott out paz rij eki loka οκτ окт жов أكتوبر تشرين اکتوبر अक्टूबर",
	"nov lis listop kas marras νοε ноя лис نوفمبر نومبر नवंबर",
	"dec dez dic des gru pro prosin ara joulu δεκ дек гру ديسمبر كانون دسمبر दिसंबर",
}

func monthOf(w string) time.Month {
	best, month := 0, time.Month(0)
	for i, names := range months {
		for name := range strings.FieldsSeq(names) {
			if len(name) > best && strings.HasPrefix(w, name) {
				best, month = len(name), time.Month(i+1)
			}
		}
	}
	return month
}
