// Package canon brings what sources wrote into one form: addresses that can be
// compared ([URL]), HTML that can be published ([Cleaner.HTML]), words that
// can be searched and compared ([Text], [Line], [Words]) and bytes in UTF-8
// ([UTF8], [Clean]).
//
// Everything here is pure: no clock, no network, the same in gives the same
// out, and no input is an error but an unreadable charset.
package canon
