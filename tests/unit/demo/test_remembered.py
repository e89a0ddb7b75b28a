from segue.demo.remembered import Remembered


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_there_for_its_life_and_no_longer() -> None:
    clock = Clock()
    values: Remembered[str] = Remembered(life_s=10, clock=clock)
    values.put("a", "one")
    clock.now += 9.9
    assert values.get("a") == "one"
    clock.now += 0.1
    assert values.get("a") is None
    assert values.take("a") is None


def test_taking_is_once() -> None:
    values: Remembered[str] = Remembered(life_s=10, clock=Clock())
    values.put("a", "one")
    assert (values.take("a"), values.take("a"), values.get("a")) == ("one", None, None)


def test_the_oldest_go_first() -> None:
    values: Remembered[int] = Remembered(life_s=10, most=3, clock=Clock())
    for number in range(5):
        values.put(str(number), number)
    values.put("2", 22)
    values.put("5", 5)
    assert [values.get(str(number)) for number in range(6)] == [None, None, 22, None, 4, 5]
