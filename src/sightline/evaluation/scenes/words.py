"""Words for signs: everyday ones, in pairs that differ in one letter and in pairs that don't."""

from sightline.evaluation.scenes.dice import Dice

_ALIKE = (
    "HOT HAT", "BUS BUN", "SALE SAFE", "BOOK COOK", "GOLD COLD", "CAKE LAKE", "ROAD TOAD",
    "BOAT COAT", "MEAT HEAT", "FARM FIRM", "WINE LINE", "RICE MICE", "STOP SHOP",
    "PARK DARK", "BANK TANK", "FISH DISH", "BALL MALL", "CITY PITY", "FIRE WIRE", "MILK SILK",
    "ROOM ROOF", "BEER DEER", "PORT SORT", "TRAIN BRAIN", "HOUSE MOUSE", "BREAD BREAK",
    "LIGHT NIGHT", "NORTH WORTH", "TOWER POWER", "SLIDE SLICE", "BEACH BENCH", "TABLE CABLE",
    "PAINT POINT", "WATER LATER",
)  # fmt: skip
_OTHERS = (
    "OPEN", "EXIT", "ZOO", "CAFE", "HOTEL", "PIZZA", "MUSIC", "GARDEN", "SCHOOL", "MARKET",
    "LEMON", "TIGER", "QUEEN", "PIANO", "JUICE", "RADIO", "SUGAR", "VIDEO", "WINTER", "YELLOW",
    "ORANGE", "DOCTOR", "CASTLE", "FLIGHT", "KITCHEN", "LIBRARY",
)  # fmt: skip


def two_words(dice: Dice) -> tuple[str, str]:
    """Two different words; in half of the cases they differ in one letter or two."""
    if dice.flip():
        first, second = dice.pick(_ALIKE).split()
        return (first, second) if dice.flip() else (second, first)
    first, second = dice.some(_OTHERS, 2)
    return first, second
