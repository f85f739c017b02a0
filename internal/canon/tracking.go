package canon

import "strings"

// tracked says whether a query parameter only tells the publisher where the
// reader came from. This is the list: a key is dropped when it stands here and
// never because it is unknown (a site whose articles are story?sid=1 would
// become one article). Keys come in lower case.
func tracked(key, value string) bool {
	switch {
	case trackedKey(key), trackedPrefix(key):
		return true
	}
	switch key {
	case "source", "from", "src", "f", "mod", "feed":
		// The key alone may name an article; with these values it cannot.
		v := strings.ToLower(value)
		return v == "rss" || v == "rssfeed" || v == "rss-feed" || v == "rss_feed" || v == "feed" || v == "atom"
	case "amp":
		return value == "" || value == "1" || strings.EqualFold(value, "true")
	case "output", "outputtype":
		return value == "amp" || value == "amp-type"
	}
	return false
}

func trackedPrefix(key string) bool {
	for _, p := range [...]string{
		"utm_", "at_", "ns_", // Google Analytics; BBC, France 24; comScore
		"pk_", "mtm_", "piwik_", "matomo_", "hsa_", // Matomo, HubSpot ads
		"amp_js_", "trk_", "wt.mc", "wt_mc", "_bta_", "__cft__", "__tn__",
	} {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

func trackedKey(key string) bool {
	switch key {
	case
		// click ids of advertising networks
		"fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid", "twclid",
		"ttclid", "li_fat_id", "igshid", "igsh", "epik", "rb_clickid", "s_kwcid", "irclickid", "tblci", "obclid",
		"mibextid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "_branch_match_id",
		// newsletters
		"mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking",
		"vero_id", "vero_conv", "oly_enc_id", "oly_anon_id", "ml_subscriber", "ml_subscriber_hash", "ck_subscriber_id",
		"nr_email_referer", "emc", "sendgrid_id",
		// analytics
		"_ga", "_gl", "_gac", "_openstat", "ga_source", "ga_medium", "ga_term", "ga_content", "ga_campaign",
		"s_cid", "sc_cid", "sc_channel", "sc_campaign", "sc_content", "icid", "ncid", "cmpid", "cmp", "dcmp",
		"campaign_id", "intcid", "intcmp", "intcmpid", "xtor", "xtref", "ocid", "ito", "ftag", "ftcamp", "maca",
		"smid", "smtyp", "soc_src", "soc_trk", "guccounter", "guce_referrer", "guce_referrer_sig",
		"taid", "srnd", "sref", "sr_share", "__twitter_impression", "wprov", "trk", "trkcampaign",
		"traffic_source", "ref_src", "ref_url", "referrer", "referer", "spref", "xg_source", "echobox",
		// where a feed's links say that they are a feed's
		"ref", "rss", "oc", "feedtype", "feedname", "rssfeed", "usqp", "__amp_source_origin", "amp_gsa",
		"share_from", "shareuid", "spm_id_from", "vd_source":
		return true
	}
	return false
}
