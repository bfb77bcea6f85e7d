"""The phrases by which rules read a reply: English, Hindi in both scripts, plain Spanish, German and French."""

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{phrase})" for phrase in phrases), re.IGNORECASE)


OPT_OUT = _any(
    r"\bun-?subscrib", r"\bopt(?:ing)?[- ]?out\b",
    r"\b(?:remove|delete|take) (?:me|us|my (?:e-?mail|name|address|number|data|details))\b",
    r"\b(?:stop|quit|cease) (?:e-?mail|messag|contact|send|writ|spam|text|bother|call)",
    r"\b(?:do not|don.?t|never|please no) (?:ever )?(?:e-?mail|contact|message|write|send|"
    r"text|call)(?:ing)?(?: to)? (?:me|us)\b",
    r"\b(?:do not|don.?t|never) (?:ever )?(?:contact|write|message|send|"
    r"e-?mail)(?:\s+\w+){0,4} (?:again|any ?more|anymore)\b",
    r"\bno (?:more|further) (?:e-?mails?|messages?|mails?|contact)\b",
    r"^\W*(?:please )?(?:stop|stopall|end|quit|cancel|remove|revoke)\W*$",
    r"मेल (?:मत|ना|नहीं) (?:भेज|कर)", r"(?:मेल|संदेश|मैसेज) (?:करना |भेजना )?बंद क(?:र|ी)",
    r"सदस्यता (?:समाप्त|रद्द)", r"संपर्क (?:मत|ना|न) कर",
    r"\b(?:mail|message|msg|email|contact) (?:mat|na|nahi[n]?) (?:bhej|kar|kijiye|karo)",
    r"\b(?:mail|message|msg|email)s? (?:(?:karna|bhejna) )?(?:band|bandh) k[ao]r",
    r"\b(?:dar(?:me)? de baja|no (?:me )?(?:escriban?|contacten?) m[aá]s|"
    r"no me env[ií]en? m[aá]s)",
    r"\b(?:abmelden|abbestellen|keine (?:weiteren )?(?:e-?mails|nachrichten))",
    r"\bd[ée]sabonn|\bd[ée]sinscri|\bne (?:me |plus )+(?:contact|écri|envoy)",
)  # fmt: skip
NO = _any(
    r"\bnot (?:really |at all |currently |particularly )?(?:interested|looking|"
    r"a (?:good )?fit|relevant|for us|needed|required)\b",
    r"\b(?:no|not any|isn.?t any|lost|zero) interest\b", r"\bno,? (?:thanks|thank you|thx)\b",
    r"\bnot? (?:now|at th(?:is|e) (?:time|moment|stage))\b",
    r"\b(?:we|i)(?: a|.)?(?:re|m)? ?(?:will |'ll |have to |must )?(?:pass|"
    r"decline)(?: on this)?\b",
    r"\b(?:don.?t|do not|won.?t|will not) (?:need|require|want|be needing|see (?:a|any) need)\b",
    r"\balready (?:have|use|using|working with|got|signed)\b",
    r"\b(?:isn.?t|is not|aren.?t|am not|are not) interested\b",
    r"\bhappy with (?:our|my) (?:current|existing)\b", r"रुचि नहीं|दिलचस्पी नहीं|इच्छुक नहीं",
    r"(?:ज़रूरत|जरूरत|आवश्यकता) नहीं", r"नहीं चाहिए|नही चाहिए",
    r"\b(?:nahi?n?|nai) (?:chahiye|chaiye|lena|karna)\b",
    r"\b(?:zarurat|jarurat|zaroorat|interest|intrest) (?:nahi?n?|nai)\b",
    r"\bno (?:me|nos) interesa|\bno (?:estoy|estamos) interesad",
    r"\bkein(?:e|en)? (?:interesse|bedarf)\b|\bnicht interessiert\b",
    r"\bpas (?:intéress|besoin)",
)  # fmt: skip
PRICE = _any(
    r"\b(?:what|how) (?:\w+ ){0,6}(?:cost|price|pricing|fees?|charges?|rates?|quote)\b",
    r"\bhow much\b", r"\b(?:price|rate) ?(?:list|card|range|details|sheet)\b",
    r"\b(?:send|share|give|provide|get|need|want|have)(?: \w+){0,4} (?:price|pricing|prices|"
    r"quote|quotation|estimate|rates|costs?|fees?)\b",
    r"\b(?:your|the) (?:price|prices|pricing|rates|fees|charges)\b",
    r"^\W*(?:price|pricing|cost|rates?|quote|quotation)\W*$",
    r"\bpricing (?:please|details|info|plan)",
    r"कीमत|क़ीमत|दाम|कितने (?:का|की|में|पैसे)|कितना (?:खर्च|लगेगा|पैसा)|मूल्य|शुल्क|रेट",
    r"\bkitne? (?:ka|ki|mein|me|paise|paisa|rupay|lag|hoga|charge)",
    r"\b(?:kya|kitna) (?:rate|price|charge|cost)",
    r"\b(?:rate|price|charge|cost|daam|kimat|keemat) (?:kya|kitna|bata|batao|bhej)",
    r"\bcu[aá]nto (?:cuesta|vale|es|ser[ií]a)|\b(?:precio|presupuesto|tarifa)s?\b",
    r"\bwas kostet|\bwie ?viel (?:kostet|kosten)|\bpreis(?:e|liste)?\b|\bangebot (?:senden|"
    r"schicken)",
    r"\bcombien (?:ça )?co[uû]te|\b(?:prix|tarifs?|devis)\b",
)  # fmt: skip
YES = _any(
    r"\b(?:i|we)(?:.?m|.?re| am| are|.?d be| would be)? (?:\w+ly |\w+ )?(?:interested|keen|"
    r"excited)\b",
    r"^\W*(?:yes[,. ]+)?(?:very |definitely |quite )?interested\b",
    r"\b(?:sounds|looks) (?:really |very |quite )?(?:good|great|interesting|perfect|"
    r"promising)\b",
    r"\b(?:let.?s|can we|could we|shall we|happy to|would (?:like|love) to|want to|like to|"
    r"love to) (?:\w+ ){0,3}(?:talk|chat|meet|discuss|connect|call|schedule|set up|book|"
    r"proceed|go ahead|start|move forward|learn more|know more|hear more|see (?:a|"
    r"the) (?:demo|proposal)|try|buy|order|sign up)\b",
    r"\b(?:please )?(?:send|share)(?: \w+){0,3} (?:proposal|contract|agreement|invoice|"
    r"more (?:info|information|details)|details|brochure|offer)\b",
    r"\b(?:call|ring|phone) me\b",
    r"\b(?:book|schedule|set up|arrange) (?:a|the) (?:call|meeting|demo|time)\b",
    r"^\W*(?:yes|yeah|yep|sure|absolutely|of course|definitely)(?:[,. ]+(?:please|sure|"
    r"go ahead|let.?s do (?:it|this)|that works|interested))*\W*$",
    r"\bcount (?:me|us) in\b", r"\b(?:i|we) want (?:this|it|to (?:buy|start|order))\b",
    r"\btell (?:me|us) more\b", r"\bgo ahead\b", r"(?:रुचि|दिलचस्पी|इच्छा) (?:है|रखते|रखता)",
    r"इच्छुक (?:हूँ|हूं|हैं)", r"(?:हाँ|हां|जी)[,। ]+(?:कृपया|ज़रूर|जरूर|भेज|बात)",
    r"बात कर(?:ते|ना|ें|नी)|मिलना चाह|आगे बढ़|प्रस्ताव भेज|जानकारी (?:भेज|दें|दीजिए)",
    r"\b(?:interested|intrested) (?:hu|hoon|hun|hai|hain)\b",
    r"\b(?:haan|han|haa|ji)[,. ]+(?:ji|bhej|zaroor|jaroor|please|baat|interested|chahiye|karte)",
    r"\b(?:baat|call|meeting|demo) kar(?:te|na|o|enge|lo)\b",
    r"\b(?:details|proposal|jankari|info) (?:bhej|share kar|de do|send kar)",
    r"\bmujhe (?:chahiye|lena|interest)|\bhume(?:in)? (?:chahiye|lena)",
    r"\b(?:me|nos) interesa\b", r"\bestoy interesad", r"\bestamos interesad",
    r"\bquiero (?:saber|contratar|comprar)", r"\bhablemos\b",
    r"\b(?:ich|wir) (?:bin|sind|h[äa]tten|habe|haben) (?:\w+ )?interess",
    r"\bgerne? (?:mehr|ein|einen|telefonieren)", r"\bklingt (?:gut|interessant)",
    r"\b(?:je suis|nous sommes) (?:\w+ )?intéressé|\bça m.?intéresse|\bavec plaisir\b",
)  # fmt: skip
AWAY = _any(
    r"\bout of (?:the )?office\b",
    r"\bon (?:annual |maternity |paternity |sick |parental )?(?:leave|vacation|holiday)s?\b",
    r"\baway (?:from (?:my|the) (?:desk|office|e-?mail)|until|till)\b",
    r"\blimited access to (?:my )?e-?mail",
    r"\b(?:will|shall) (?:be )?(?:back|return(?:ing)?)(?: to (?:the )?(?:office|work))? (?:on|"
    r"in|by)\b",
    r"कार्यालय से बाहर|छुट्टी पर", r"\bchh?utt?i (?:par|pe)\b",
    r"\bfuera de (?:la )?oficina|\bde vacaciones\b",
    r"\b(?:im|in) urlaub\b|\bnicht im büro\b|\babwesen",
    r"\ben (?:vacances|congés?)\b|\babsente? (?:du|jusqu)",
)  # fmt: skip
QUESTION = _any(
    r"\?",
    r"^\W*(?:what|when|where|which|who|how|why|can|could|do|does|is|are|will|would)\b.{3,}",
    r"\b(?:please )?(?:explain|clarify|elaborate)\b",
    r"\b(?:wondering|curious) (?:if|whether|how|what)\b", r"(?:क्या|कैसे|कब|कहाँ|कौन|क्यों)\s",
    r"\b(?:kya|kaise|kab|kahan|kaun|kyu|kyun)\b",
)  # fmt: skip
ANGER = _any(
    r"\b(?:lawyer|legal action|sue you|police|complain(?:t|ing) (?:to|with)|"
    r"report(?:ing)? (?:you|this)|harass|scam|fraud|gdpr|consumer (?:court|forum)|spam(?:ming|"
    r"mer|med)?)\b",
)  # fmt: skip
ORDERS = _any(
    r"\b(?:system|assistant|developer|admin(?:istrator)?|user|tool)\s*(?:message|prompt|note|"
    r"override)?\s*[:>\]]",
    r"\bignore (?:\w+ ){0,4}(?:instruction|previous|above|prompt|rule)",
    r"\b(?:disregard|forget|override) (?:\w+ ){0,4}(?:instruction|previous|above|rules|prompt)",
    r"\b(?:mark|set|classify|label|flag|treat|score|rate|record|update) (?:me|this|us|"
    r"the (?:lead|score|status|reply|intent)|it|my \w+) ?(?:\w+ ){0,3}(?:as|to|=|:)",
    r"\b(?:intent|confidence|score|status|stage)\s*(?:[:=]|should be|must be|is now|"
    r"to)\s*[\x22']?\w",
    r"\byou are (?:now|an? (?:ai|assistant|language|bot))",
    r"\b(?:as|act as) an? (?:ai|assistant|language model)\b",
    r"\bscore (?:of )?100\b|\b100 points\b",
    r"<\|?(?:im_start|system|inst)|\[/?INST\]|###\s*(?:system|instruction)",
    r"\b(?:new|updated) instructions?\b", r"निर्देश(?:ों)? (?:को )?(?:अनदेखा|भूल)",
    r"\bignorier|\bignora (?:las|todas|tus)|\bignore[rz]? (?:les|toutes)",
    r"\b(?:respond|reply|answer|output|return) (?:only )?(?:with|in) (?:json|the word|[\x22'])",
)  # fmt: skip
BOT = _any(
    r"\bare you (?:a |an )?(?:bot|robot|human|real|ai|machine|person)\b",
    r"\b(?:is this|am i talking to) (?:a |an )?(?:bot|robot|human|ai|automated)",
    r"क्या आप (?:बॉट|रोबोट|मशीन)", r"\bkya (?:aap|tum) (?:bot|robot|machine)",
)  # fmt: skip
