package lang

// apart are the words that Snowball gives the stem of another word, though a
// reader of news means something else by them: import and important, execution
// and executive, internment and international. Each word has a stem of its own
// here, which it shares with its own forms; the dot makes it none of Snowball's.
var apart = map[Language]map[string]string{
	englishNumber: {
		"accession": "accession.", "according": "according.", "accordingly": "according.", "accordance": "according.",
		"aids": "aids.", "animal": "animal.", "animals": "animal.", "any": "any.",
		"arms":   "arms.",
		"author": "author.", "authors": "author.", "authorities": "authority.", "authority": "authority.",
		"business": "business.", "businesses": "business.", "busy": "busy.",
		"conservation": "conservation.", "contention": "contention.", "contraction": "contraction.", "contractions": "contraction.",
		"convention": "convention.", "conventions": "convention.", "conventional": "conventional.",
		"conversion": "conversion.", "conversions": "conversion.", "cooper": "cooper.",
		"critical": "critical.", "critically": "critical.", "customs": "customs.",
		"designate": "designate.", "designated": "designate.", "designates": "designate.", "designating": "designate.", "designation": "designate.", "designations": "designate.",
		"diversion": "diversion.", "diversions": "diversion.", "dominic": "dominic.",
		"executive": "executive.", "executives": "executive.",
		"federation": "federation.", "federations": "federation.",
		"general": "general.", "generals": "general.", "generally": "generally.",
		"goods": "goods.", "guinness": "guinness.",
		"hospitality": "hospitality.", "hospitable": "hospitality.",
		"identical": "identical.", "importance": "important.", "important": "important.", "importantly": "important.",
		"informal": "informal.", "informally": "informal.", "informant": "informant.", "informants": "informant.",
		"international": "international.", "internationally": "international.", "internationals": "international.",
		"leone": "leone.", "liberation": "liberation.", "liquidity": "liquidity.", "maine": "maine.", "majority": "majority.", "majorities": "majority.",
		"marie": "marie.", "memorial": "memorial.", "memorials": "memorial.", "moderator": "moderator.", "moderators": "moderator.",
		"naval": "naval.", "nominal": "nominal.", "nominally": "nominal.",
		"opera": "opera.", "operas": "opera.", "opposite": "opposite.", "organ": "organ.", "organs": "organ.", "organic": "organic.",
		"orientation": "orientation.", "past": "past.", "paste": "paste.",
		"populism": "populism.", "populist": "populism.", "populists": "populism.", "popular": "popular.", "popularity": "popular.",
		"procession": "procession.", "processions": "procession.",
		"production": "production.", "productions": "production.",
		"publication": "publication.", "publications": "publication.", "publicity": "publicity.",
		"relative": "relative.", "relatives": "relative.", "relatively": "relative.",
		"remarkable": "remarkable.", "remarkably": "remarkable.", "rights": "rights.",
		"several": "several.", "severe": "severe.", "severely": "severe.", "shi": "shi.",
		"succession": "succession.", "terminal": "terminal.", "terminals": "terminal.",
		"transition": "transition.", "transitions": "transition.", "transitional": "transition.", "transitioning": "transition.",
		"united":   "united.",
		"universe": "universe.", "universal": "universal.", "universally": "universal.", "university": "university.", "universities": "university.",
	},
	// The right and its law; the port and the door; the house and the case.
	spanishNumber: {
		"casa": "casa.", "casas": "casa.", "caso": "caso.", "casos": "caso.", "derecha": "derecha.", "derechas": "derecha.",
		"libra": "libra.", "libras": "libra.", "libre": "libre.", "libres": "libre.", "libro": "libro.", "libros": "libro.",
		"mes": "mes.", "meses": "mes.", "mesa": "mesa.", "mesas": "mesa.", "partida": "partida.", "partidas": "partida.",
		"puerta": "puerta.", "puertas": "puerta.", "puerto": "puerto.", "puertos": "puerto.", "plata": "plata.", "plato": "plato.", "platos": "plato.",
	},
	frenchNumber: {
		"droite": "droite.", "droites": "droite.", "marche": "marche.", "marches": "marche.", "marché": "marché.", "marchés": "marché.",
		"porte": "porte.", "portes": "porte.", "port": "port.", "ports": "port.", "poste": "poste.", "postes": "poste.",
	},
	germanNumber: {
		"rechts": "rechts.",
	},
	// Elections and a choice; and the other way round: Snowball has кит (whale) for
	// китая.
	russianNumber: {
		"выборы": "выборы.", "выборов": "выборы.", "выборам": "выборы.", "выборами": "выборы.", "выборах": "выборы.",
		"китай": "китай.", "китая": "китай.", "китаю": "китай.", "китаем": "китай.", "китае": "китай.",
	},
}
