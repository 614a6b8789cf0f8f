import re

from skconv.visualize import make_report
from skconv.visualize.html import STYLE
from skconv.visualize.report_style import REPORT_STYLE

from ..nets import IMAGES, KINDS


def test_all_classes_of_a_report_have_styles(net):
    body = make_report(net, IMAGES, KINDS).to_html().replace(STYLE + REPORT_STYLE, "")
    used = {name for names in re.findall(r'class="([^"]*)"', body) for name in names.split()}
    known = set(re.findall(r"\.(skconv[a-z-]*)", STYLE + REPORT_STYLE))
    assert used <= known
    assert set(re.findall(r"\.(skconv[a-z-]*)", REPORT_STYLE)) <= used | {
        *("skconv-swatch", "skconv-point", "skconv-diagonal", "skconv-text", "skconv"),
    }
