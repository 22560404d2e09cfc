import time
from pathlib import Path
from server.db import db


def test_dump(browser, cast, field, plan):
    out = Path("/tmp/papers")
    out.mkdir(exist_ok=True)
    session = db.session()
    p = session.merge(plan)
    p.agency = "UBND huyện Vụ Bản; Phòng Lao động – Thương binh và Xã hội chủ trì, Phòng Tài chính phối hợp"
    p.legal_bases = [
        "Quyết định số 455/QĐ-UBND ngày 06/3/2024 của UBND tỉnh về phân bổ vốn sự nghiệp",
        "Thông tư số 10/2022/TT-BLĐTBXH ngày 31/5/2022",
    ]
    p.number = "17/KH-UBND"
    session.commit()
    c = browser(cast.minh)
    for d in (field.first, field.hamlets(field.communes[0])):
        names = ["truoc", "sau", "luot"] + (
            ["lich", "thong-bao-" + field.communes[0]] if d.stage == "xã" else []
        )
        for n in names:
            for k in ("pdf", "docx"):
                t = time.time()
                a = c.get(f"/draws/{d.id}/papers/{n}.{k}")
                assert a.status_code == 200, (n, k, a.text)
                (out / f"{d.stage}-{n}.{k}").write_bytes(a.data)
                print(n, k, len(a.data), round(time.time() - t, 2))
