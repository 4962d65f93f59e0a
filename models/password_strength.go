package models

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/latchkey-media/latchkey/internal/typed"
	"github.com/latchkey-media/latchkey/internal/wordlists"
)

// zxcvbn knows only patterns of ASCII characters. The code here judges patterns of other
// characters, so that a password in another script is neither better nor worse than one in
// Latin letters.

// judged returns password in the form in which its strength is judged: digits of every
// script become 0 to 9, and full-width characters become the usual ones.
func judged(password string) string { return typed.Plain(password) }

// lettersAndDigits returns the letters, digits and accents of text, of every script.
func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N, unicode.M) {
			return r
		}
		return -1
	}, text)
}

// foreignWeakness returns the name of the pattern that makes a password weak: "repeats",
// "sequence" or "keyboard". It returns "" for a password that is strong enough, and for one
// that has only ASCII characters, which zxcvbn judges. It counts only characters that
// cannot be guessed from the characters before them. Six such characters are enough, as in
// zxcvbn.
func foreignWeakness(text string) string {
	if isASCII(text) {
		return ""
	}
	runes := []rune(strings.ToLower(text))
	count := map[string]int{}
	for i := range runes {
		count[follows(runes, i)]++
	}
	const enough = 6
	if count[""] >= enough {
		return ""
	}
	reason := "repeats"
	for _, other := range []string{"sequence", "keyboard"} {
		if count[other] > count[reason] {
			reason = other
		}
	}
	return reason
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// follows returns the name of the pattern by which the character at i can be guessed from
// those before it: "repeats" if it repeats a part of one to six characters, "sequence" for
// the next or previous character of the alphabet, and "keyboard" for a neighbour on a row
// of keys. It returns "" if the character follows no pattern.
func follows(runes []rune, i int) string {
	const longestPart = 6
	for part := 1; part <= min(longestPart, i); part++ {
		if runes[i] == runes[i-part] && (part < 3 || i == part || runes[i-1] == runes[i-part-1]) {
			return "repeats"
		}
	}
	if i == 0 {
		return ""
	}
	if step := runes[i] - runes[i-1]; step == 1 || step == -1 {
		return "sequence"
	}
	pair := string(runes[i-1 : i+1])
	if slices.ContainsFunc(keyRows(), func(row string) bool { return strings.Contains(row, pair) || strings.Contains(reversed(row), pair) }) {
		return "keyboard"
	}
	return ""
}

// keyRows returns the rows of keys of keyboards without Latin letters.
func keyRows() []string {
	return []string{
		"йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "йцукенгшщзхї", "фівапролджє", // Russian, Ukrainian
		"ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ", // Greek
		"קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ", // Hebrew
		"ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤرلاىةوزظ", // Arabic
		"ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡ", // Korean
	}
}

// isWordWithNumber reports whether a password is only one common word with a few digits or marks
// before or after it, such as a year: "Summer2026!". The caller holds the lists of words.
func isWordWithNumber(text string) bool {
	const mostAround = 7
	word := strings.TrimFunc(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) })
	around := len([]rune(text)) - len([]rune(word))
	if word == "" || around > mostAround {
		return false
	}
	word = norm.NFC.String(strings.ToLower(word))
	return slices.Contains(commonWords(), word) || wordlists.Has(word)
}

// commonWords returns words that people put before a year, in languages that zxcvbn does
// not know: seasons, months, days, greetings, and the word for password.
func commonWords() []string {
	return strings.Fields(`
frühling frühjahr sommer herbst winter januar februar märz april mai juni juli august september oktober november dezember
montag dienstag mittwoch donnerstag freitag samstag sonntag passwort kennwort willkommen hallo geheim weihnachten urlaub
printemps été automne hiver janvier février mars avril juin juillet août septembre octobre novembre décembre lundi mardi mercredi
jeudi vendredi samedi dimanche bonjour motdepasse bienvenue primavera verano otoño invierno enero febrero marzo abril mayo junio
julio agosto septiembre octubre noviembre diciembre lunes martes miércoles jueves viernes sábado domingo contraseña hola bienvenido
estate autunno inverno gennaio febbraio aprile maggio giugno luglio settembre ottobre novembre dicembre benvenuto ciao
verão outono senha wiosna lato jesień zima hasło witaj ilkbahar yaz sonbahar kış şifre parola merhaba
весна лето осень зима январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь понедельник вторник среда
четверг пятница суббота воскресенье пароль привет любовь солнце солнышко наташа россия москва літо весна осінь україна київ
άνοιξη καλοκαίρι φθινόπωρο χειμώνας κωδικός καλημέρα ελλάδα αθήνα
אביב קיץ סתיו חורף סיסמה שלום ישראל ربيع صيف خريف شتاء مرحبا سلام الله حبيبي
春天 夏天 秋天 冬天 密码 你好 我爱你 春 夏 秋 冬 はる なつ あき ふゆ パスワード こんにちは ありがとう 桜 さくら
봄 여름 가을 겨울 비밀번호 안녕 사랑해 대한민국 वसंत गर्मी सर्दी पासवर्ड नमस्ते भारत ฤดูร้อน รหัสผ่าน สวัสดี
`)
}
