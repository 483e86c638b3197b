"""Words for what a photo feels like, and the plain words in captions that call for them.

Captions say what is to be seen, searches also how it feels: nobody captions a photo "cozy". Each
line gives words that people type and a pattern; a photo one of whose captions has the pattern is
an answer to those words. Written by hand, so what they teach is the taste of who wrote them: the
model's card says so.
"""

import re

_LINES: tuple[tuple[str, str], ...] = (
    ("cozy|snug|homely|warm and cozy", r"fireplace|blanket|candle|curled up|quilt|armchair|hearth"),
    ("lonely|alone|solitude|all by oneself",
     r"\blone\b|alone|solitary|single (?:person|man|woman|tree|boat|bench)|empty (?:bench|beach)"),
    ("happy|joy|cheerful|smiling faces|good mood", r"smil|laugh|grin|\bhappy|happily|cheer|\bjoy"),
    ("happy family|family time|family photo",
     r"family|mother and|father and|parents|grandm|grandf"),
    ("scary|spooky|creepy", r"skull|spider|\bsnake|halloween|ghost|skeleton|fangs|eerie|monster"),
    ("peaceful|calm|serene|tranquil|quiet",
     r"\bcalm|still water|misty|meadow|quiet|serene|tranquil|peaceful|glassy|hammock"),
    ("romantic|in love|love", r"\bcouple|kiss|bride|wedding|\broses?\b|holding hands|embrac"),
    ("party|celebration|celebrating|festive",
     r"\bparty|birthday|celebrat|balloons|confetti|champagne|parade|festival|toasting"),
    ("cute|adorable|sweet", r"pupp|kitten|\bbaby|toddler|\bcubs?\b|teddy|duckling|\blamb"),
    ("sad|crying|unhappy|upset", r"\bcry|\bsad|frown|tears|upset|pout|sorrow|grie[fv]"),
    ("exciting|thrilling|action|adrenaline",
     r"jumps?\b|jumping|\brac(?:es?|ing)\b|stunt|surfing|leap|mid-?air|somersault|wakeboard|rapids"),
    ("dramatic sky|stormy|dramatic", r"storm|dark clouds|lightning|dramatic|heavy clouds|ominous"),
    ("funny|silly|goofy|hilarious",
     r"costume|silly|funny|tongue out|making a face|\bwig\b|goofy|clown|dressed as"),
    ("tired|sleepy|exhausted|resting", r"sleep|\bnap|yawn|resting|dozing|lying down|exhausted"),
    ("winter|winter holiday|cold|snowy day", r"\bsnow|\bic[ey]\b|\bski|sled|frozen|frost"),
    ("christmas|holidays", r"christmas|santa|ornaments|wrapped (?:gift|present)"),
    ("summer|summer vacation|holiday by the sea", r"beach|swimm|pool|sunbath|palm tree|seaside"),
    ("angry|aggressive|fight",
     r"angry|shout|\byell(?:s|ing)|growl|bar(?:es|ing) teeth|snarl|scowl"),
    ("elegant|fancy|classy|stylish",
     r"gown|tuxedo|chandelier|wine glass|formal|evening dress|pearls|in a suit|ornate"),
    ("messy|cluttered|chaos|untidy", r"clutter|messy|\bpiles?\b|scattered|strewn|jumble"),
    ("busy|crowded|bustling", r"crowd|busy|traffic|packed|bustling|rush"),
    ("old times|vintage|retro|nostalgic",
     r"vintage|antique|old-fashioned|\brust|steam (?:train|eng)"),
    ("delicious|tasty|yummy|hungry", r"plate of|pizza|\bcake|dessert|sandwich|burger|\bmeal|pasta"),
    ("wild|nature|wilderness|untouched nature", r"forest|mountain|wilderness|canyon|waterfall"),
    ("gloomy|bleak|grey day", r"\brain|overcast|gloom|dreary|grey sky|gray sky|drizzl"),
    ("colorful|vivid colors|bright colors",
     r"colou?rful|brightly colou?red|rainbow|multicolou?red"),
    ("dark|moody|mysterious", r"\bdark\b|shadow|dimly|silhouette|at night"),
    ("minimal|simple|plain background", r"plain (?:\w+ )?background|against a plain|blank"),
    ("relaxing|chill|lazy day|taking it easy", r"relax|loung|hammock|sunbath|reclin|sofa|couch"),
    ("majestic|breathtaking|grand|epic view",
     r"snow-?capped|waterfall|canyon|cliffs|peaks?\b|vast"),
    ("playful|having fun|playing around",
     r"\bplay(?:s|ing|ful)|chas(?:e|ing)|splash|frisbee|swing"),
    ("concentrated|focused|at work|hard at work", r"\bwork(?:s|ing)\b|typing|repair|weld|sewing"),
    ("proud|victory|winning|champion", r"trophy|medal|podium|winner|victor|arms raised"),
    ("dangerous|risky|danger", r"\bcliff|flames|on fire|bull\b|stunt|\bshark|motocross|explo"),
    ("adventure|exploring|outdoor trip", r"\bhik|climb|kayak|\btent\b|camp|canoe|trail"),
    ("luxury|expensive|rich", r"yacht|sports car|chandelier|mansion|jewel|\bgold\b"),
    ("countryside|rural|farm life", r"\bfarm|\bbarn|\bhay|sheep|cows|tractor|pasture"),
    ("friends|friendship|together|friends having fun",
     r"friends|arms around|group of (?:people|young|men|women|girls|boys)|hugg"),
    ("childhood|kids having fun", r"child|kids|\bboys?\b.*play|\bgirls?\b.*play|playground"),
    ("futuristic|modern", r"modern|glass building|skyscraper|sleek"),
    ("abandoned|ruins|decay", r"abandoned|ruin|crumbl|derelict|overgrown|dilapidated"),
    ("text|writing|words|something written",
     r"\bsign\b|lettering|\btext\b|written|writing|the words"),
)  # fmt: skip

MOODS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (tuple(words.split("|")), re.compile(pattern, re.IGNORECASE)) for words, pattern in _LINES
)
