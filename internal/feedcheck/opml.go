package feedcheck

// opmlElements are OPML 2.0, for lists of subscriptions: an outline is one, or
// holds others.
var opmlElements = table{
	"opml":         {kids: "head body", attrs: "version"},
	"head":         {kids: "title? dateCreated? dateModified? ownerName? ownerEmail? docs?"},
	"title":        {value: text},
	"dateCreated":  {value: date822},
	"dateModified": {value: date822},
	"ownerName":    {value: text},
	"ownerEmail":   {value: email},
	"docs":         {value: web},
	"body":         {kids: "outline*"},
	"body>outline": {kids: "outline*", attrs: "type text title? xmlUrl htmlUrl? category?"},
	"outline":      {attrs: "type text title? xmlUrl htmlUrl? category?"},
}
