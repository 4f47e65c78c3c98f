// The words in German. A text that counts or names something is a function.

const many = (count, one, more) => (count === 1 ? one : `${count} ${more}`);

export const german = {
  // the page
  rooms: 'Räume', openRoom: 'Raum öffnen…', roomToOpen: 'Raum, der geöffnet wird', openIt: 'Öffnen', roomName: 'Ein Raumname hat kleine Buchstaben a–z, Ziffern, - _ und .',
  browseRooms: 'Alle Räume', yourName: 'Dein Name', whoAreYou: 'Wer bist du?', signOut: 'Abmelden', search: 'Suchen', searchKey: 'Suchen (Strg+K)',
  searchWhat: 'Was gesagt wurde, oder von wem…', allRooms: 'Alle Räume', searchFurther: 'Weiter zurück suchen', messages: 'Nachrichten', older: 'Ältere Nachrichten',
  nothingYet: 'Hier wurde noch nichts gesagt.', sayFirst: 'Mach den Anfang.', message: 'Nachricht', saySomething: 'Sag etwas', send: 'Senden', close: 'Schließen',
  signIn: 'Anmelden', name: 'Name', password: 'Passwort', stop: 'Anhalten', tryNow: 'Jetzt versuchen', filterRooms: 'Raum suchen oder benennen…',
  welcome: 'Willkommen', welcomeText: 'Mitlesen kannst du schon. Um mitzureden, sag, wie du heißt; das lässt sich später ändern.', startChatting: 'Loslegen',
  notifyMe: 'Benachrichtigen', notifyAloud: 'Mit Ton', noThanks: 'Nein, danke', actions: 'Aktionen', people: 'Wer im Raum ist',

  // rooms
  sayIn: (room) => `Sag etwas in ${room}`, leaveRoom: (room) => `${room} verlassen`, unread: 'ungelesen', unreadNamed: 'ungelesen, du wirst genannt',
  roomsUnread: (count) => `Räume, ${count} ungelesen`, newRoom: 'neuer Raum', isOpen: 'offen', loading: 'Wird geladen…',
  moreRooms: (count) => `${many(count, 'Ein weiterer Raum', 'weitere Räume')}: gib einen Teil des Namens ein`,

  // people
  now: 'jetzt', here: 'Hier', heardLately: 'Zuletzt gehört', asFarAsKnown: ', soweit bekannt', andMore: (count) => `und ${count} mehr`,
  peopleHere: (names, more) => (names.length ? names.join(', ') + (more ? ` und ${many(more, 'noch jemand', 'andere')}` : '') : many(more, 'eine Person', 'Leute')),

  // messages
  actionsOf: (user) => `Aktionen für die Nachricht von ${user}`, reply: 'Antworten', copyText: 'Text kopieren', copyLink: 'Link kopieren', discard: 'Verwerfen',
  edit: 'Ändern', remove: 'Entfernen', undo: 'Zurücknehmen', cancel: 'Abbrechen', editing: 'Du änderst eine Nachricht.',
  edited: 'geändert', removed: 'Entfernt', removedByAge: 'Nicht mehr aufbewahrt', removedBy: (user) => `Entfernt von ${user}`, beingChanged: 'wird geändert…', beingRemoved: 'Wird entfernt…',
  notChanged: (reason) => `Die Nachricht bleibt, wie sie ist: ${reason}.`, changedLater: 'Die Nachricht bleibt, wie sie ist: sie wurde inzwischen noch einmal geändert.',
  copied: 'Kopiert.', linkCopied: 'Link kopiert.', notCopied: 'Dieser Browser lässt keine Seite kopieren.',
  state_sending: 'noch nicht beim Server; sie wird von selbst gesendet', state_accepted: 'sicher auf diesem Server; Leute auf anderen Servern sehen sie etwas später',
  state_stored: 'bei allen', state_refused: '', state_failed: '',
  tryAgain: 'Noch einmal', notSent: 'Nicht gesendet', notTaken: 'Der Chat hat sie nicht angenommen',
  allNew: 'Neu', newSince: (time) => `Neu seit ${time}`, cameLate: (count) => (count === 1 ? '1 kam später' : `${count} kamen später`),
  toNewest: (count) => (count ? `${many(count, 'Eine neue Nachricht', 'neue Nachrichten')} ↓` : 'Zum Neuesten ↓'),

  // rooms that are not for everybody, and moderators
  out_banned: (reason) => `Hier kannst du nicht mitmachen: ${reason}.`, outUntil: (time) => `Das endet ${time}.`,
  out_not_a_member: () => 'Dieser Raum ist für seine Mitglieder; in anderen kannst du lesen und schreiben.',
  ban: 'Sperren…', banThem: 'Sperren', unban: 'Wieder hereinlassen', banWhom: (user) => `${user} sperren`, banWhere: 'Wo', banHere: (room) => `Nur ${room}`, banSpan: 'Wie lange',
  anHour: 'eine Stunde', aDay: 'einen Tag', aWeek: 'eine Woche', forGood: 'für immer', banWhy: 'Warum (wird mitgeteilt)',
  isBanned: (user) => `${user} ist gesperrt.`, unbanned: (user) => `${user} darf wieder herein.`,
  othersLater: 'Auf den anderen Servern gilt das, sobald sie wieder verbunden sind.',
  moderatedLater: 'Jemand anders war schneller; dessen Wort gilt.', notModerated: (reason) => `Das ging nicht: ${reason}.`,
  notNow: 'Gerade ist kein Server da. Bitte versuch es etwas später noch einmal.',

  // what a room is
  aboutRoom: 'Über diesen Raum', noTopic: 'Dieser Raum hat noch kein Thema.', topicLabel: 'Thema', whoReads: 'Wer lesen darf', whoWrites: 'Wer schreiben darf', anybody: 'alle',
  onlyMembers: 'nur seine Mitglieder', onlySome: 'nur manche', allWhoRead: 'alle, die lesen dürfen', onlyThese: 'nur diese', memberNames: 'Ihre Namen, einer je Zeile',
  memberRoles: 'Und alle mit einer dieser Rollen', slowMode: 'Zwischen zwei Nachrichten einer Person', keptFor: 'Nachrichten bleiben', forEver: 'für immer', setBy: 'Festgelegt von',
  span: (count, unit) => `${count} ${{ second: ['Sekunde', 'Sekunden'], minute: ['Minute', 'Minuten'], hour: ['Stunde', 'Stunden'], day: ['Tag', 'Tage'] }[unit][count === 1 ? 0 : 1]}`,
  slowLabel: 'Sekunden zwischen zwei Nachrichten einer Person', daysLabel: 'Tage, die Nachrichten bleiben', changeRoom: 'Ändern…', save: 'Übernehmen', showTheirs: 'Zeigen',
  peopleOf: 'Leute', membersHere: (count) => `Leute: ${count} hier`, isHere: 'hier', readsAndWrites: 'liest und schreibt', readsOnly: 'liest', writesIfReads: 'schreibt',
  withRole: (role) => `alle mit der Rolle ${role}`,
  topicLong: (over) => `Das Thema ist um ${many(over, 'ein Byte', 'Bytes')} zu lang.`, memberLong: (name, most) => `${name}…: ein Name hat höchstens ${most} Zeichen.`,
  membersMany: (most) => `Höchstens ${most} Namen, und ebenso viele Rollen.`, membersNone: 'Sag, wer: mindestens ein Name oder eine Rolle.',
  slowBad: 'Eine ganze Zahl von Sekunden, höchstens 86400: ein Tag.', daysBad: 'Eine ganze Zahl von Tagen, höchstens 36500.',
  daysRemove: (days) => `Was älter ist als ${many(days, 'ein Tag', 'Tage')}, wird in einer Stunde für alle entfernt und kommt nicht wieder.`,
  roomChanged: (user) => (user ? `${user} hat diesen Raum inzwischen geändert.` : 'Dieser Raum wurde inzwischen geändert.'),
  roomUnchanged: (room, reason) => `${room} bleibt, wie es ist: ${reason}.`, roomSending: 'Wird übernommen…', roomUnsent: 'Noch nicht beim Server; es wird von selbst gesendet.', roomAccepted: 'Auf diesem Server übernommen; die anderen erfahren es.',
  roomWaits: 'Auf diesem Server übernommen, hier gilt es schon. Es wartet auf die anderen Server: dort gilt es, sobald sie wieder verbunden sind.',
  roomStored: 'Übernommen. Es gilt auf allen Servern.', roomWaitsShort: 'noch nicht auf den anderen Servern',

  // the state of things
  connecting: 'verbinde…', slower: 'langsamer', slowerWhy: 'Dieses Netz lässt keinen WebSocket durch. Der Chat geht auch ohne, ein wenig langsamer.', on: (node) => `auf ${node}`,
  deviceOffline: 'Dieses Gerät hat kein Netz. Du kannst weiter lesen und schreiben; der Chat geht von selbst weiter, sobald es wieder da ist.',
  connectionGone: 'Die Verbindung zum Server ist weg; sie kommt von selbst wieder.',
  noServer: 'Der Server antwortet nicht. Die Seite versucht es von selbst weiter.',
  waitHere: (count) => `${many(count, 'Eine Nachricht wartet', 'Nachrichten warten')} hier darauf, gesendet zu werden.`,
  serversApart: 'Die Server dieses Chats sind gerade getrennt. Leute auf diesem Server sehen dich; die anderen, sobald sie wieder verbunden sind.',
  waitForOthers: (count) => `${many(count, 'Eine Nachricht wartet', 'Nachrichten warten')} darauf.`,
  gap: 'Vielleicht fehlen Nachrichten; sie werden geholt.',
  catchingUp: 'Dieser Server ist neu und liest noch ältere Nachrichten; die Suche findet sie nach und nach.',
  catchingUpBy: (percent) => `Dieser Server ist neu und liest noch ältere Nachrichten (${percent} %); die Suche findet sie nach und nach.`,
  wait_key_ahead: (count) => `${many(count, 'Eine Nachricht war', 'Nachrichten waren')} der Uhr des Servers voraus.`,
  wait_too_fast: (count) => `${many(count, 'Eine Nachricht wartet', 'Nachrichten warten')}: dieser Server nimmt nur so viele auf einmal.`,
  wait_full: (count) => `${many(count, 'Eine Nachricht wartet', 'Nachrichten warten')}: dieser Server hebt schon so viele für die anderen auf, wie er kann.`,
  wait_not_now: (count) => `${many(count, 'Eine Nachricht wartet', 'Nachrichten warten')}: dieser Server kann sie gerade nicht annehmen.`,
  wait_slow_mode: (count) => `${many(count, 'Eine Nachricht wartet', 'Nachrichten warten')}: in diesem Raum schreibt man nur ab und zu.`,
  sentAt: (count, time) => `${count === 1 ? 'Sie wird' : 'Sie werden'} um ${time} von selbst gesendet; du kannst weitermachen.`,
  answeredBefore: (status) => `etwas vor dem Server hat mit ${status} geantwortet`,
  anothersWait: (user) => `sie wurde als ${user} geschrieben, und du bist als jemand anderes angemeldet`,

  // going to a message
  readingBack: (count) => `Lese zurück… ${count} Nachrichten`, notThere: 'Diese Nachricht gibt es nicht mehr.', tooLong: (bytes) => `Das ist zu lang: höchstens ${bytes} Bytes.`,

  // search
  none: 'Nichts', soFar: (count) => `bisher ${count}`, onThisPage: (count, messages) => `${count} unter den neuesten ${messages} Nachrichten auf dieser Seite`,
  stillReading: (count) => `${count}; dieser Server liest ältere Nachrichten noch ein`,

  // names
  nameBlank: 'Diesen Namen sieht man nicht: er besteht nur aus Leerzeichen.', nameControl: 'Ein Name hat keine Steuerzeichen.',
  nameHidden: 'Dieser Name hat Zeichen, die man nicht sieht. Bitte lass sie weg.', nameInvisible: 'Diesen Namen sieht man nicht. Bitte nimm einen Buchstaben, eine Ziffer oder ein Zeichen.',
  nameLong: (over, most) => `Dieser Name ist um ${over} zu lang: er hat höchstens ${most} Zeichen.`, nameRoom: (left) => `Noch ${left} frei.`,
  nameAlike: (names) => `Dieser Name sieht aus wie ${names.map((name) => `„${name}“`).join(', ')}, hier schon bekannt. Den Leuten im Raum wird gesagt, dass es ein anderer ist.`,
  meAlike: (names) => `In diesem Raum hat jemand einen Namen, der wie deiner aussieht: ${names.map((name) => `„${name}“`).join(', ')}.`,
  looksLike: (names) => `sieht aus wie ${names.map((name) => `„${name}“`).join(', ')}`,
  nameFirst: 'Gib dir zuerst einen Namen.',

  // signing in
  leaving: 'Du wirst abgemeldet. Der Server hat noch nicht geantwortet; das geht von selbst weiter.',
  signInFailed: (reason) => `Das ging nicht: ${reason}.`, noAnswer: 'der Server antwortet nicht',

  // elsewhere
  namedIn: (user, room) => `${user} hat dich in ${room} genannt`,
  offerNotify: (user) => `${user} hat dich genannt, während du weg warst. Soll dieser Browser dir das nächste Mal Bescheid geben?`,
};
